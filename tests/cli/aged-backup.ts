import { cp, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { scanBackups } from '../../src/storage/catalogue.ts';

/**
 * Makes a backup of another time out of a database's newest one: the same files, as retention and restore would find
 * them had they been made then.
 *
 * @param timestamp as in a directory's name, e.g. `20260105T020000Z`
 * @returns its id
 */
export async function age(
  basePath: string,
  instance: string,
  database: string,
  timestamp: string,
): Promise<string> {
  const { backups } = await scanBackups({ basePath, instance, database, limit: 1 });
  const id = `${instance}/${database}/${timestamp}`;
  const to = join(basePath, id);
  await cp(backups[0]?.path as string, to, { recursive: true });
  const file = join(to, 'manifest.json');
  const manifest = JSON.parse(await readFile(file, 'utf8')) as Record<string, unknown>;
  const startedAt = timestamp.replace(/(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z/, '$1-$2-$3T$4:$5:$6.000Z');
  await writeFile(file, JSON.stringify({ ...manifest, id, startedAt }));
  return id;
}
