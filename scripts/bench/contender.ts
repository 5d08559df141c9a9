import { makeData } from './data/make.ts';
import type { Field } from './field.ts';
import { measure } from './measure.ts';
import { backupPeers } from './backup-peers.ts';
import { configureVya, emptyStorage, type Made, newestManifest, type Vya } from './vya.ts';

/** vya and a server with the database that is dumped and restored. */
export interface Contender {
  field: Field;
  vya: Vya;
  database: string;
  /** How vya made its backup of one stream. */
  made: Made;
  /** Bytes that the dump program writes before they are compressed. */
  bytes: number;
}

/** Makes the data, and reads it once through vya and once through the dump program, so that both find it warm. */
export async function openContender(
  field: Field,
  program: string,
  database: string,
  size: number,
): Promise<Contender> {
  await makeData(field, database, size);
  const vya = await configureVya(field, program, database, [database]);
  await vya.run(['backup', '--skip-prune', '--jobs', '1']);
  const made = await newestManifest(vya, database);
  await emptyStorage(vya);
  const { dump } = backupPeers(field, database, made);
  const { stdout } = await measure({ script: `${dump} | wc -c`, env: field.env });
  return { field, vya, database, made, bytes: Number(stdout) };
}
