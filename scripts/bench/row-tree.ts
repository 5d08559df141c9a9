import { link, mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { alternate } from './alternate.ts';
import { smallDatabase } from './data/schema.ts';
import type { Field } from './field.ts';
import { say } from './progress.ts';
import type { Comparison } from './results.ts';
import { configureVya, newestManifest, type Vya } from './vya.ts';

const DATABASES = 10;
const EVERY_MS = 6 * 3_600_000;

/** Looking at a tree of many backups: there is nothing to compare with but the clock. */
export async function treeRow(
  field: Field,
  program: string,
  backups: number,
  runs: number,
): Promise<Comparison> {
  say(`  a tree of ${backups} backups`);
  const vya = await configureVya(field, program, 'tree', ['tree']);
  await field.createDatabase('tree');
  await field.sql('tree', smallDatabase(field.type));
  await vya.run(['backup', '--skip-prune']);
  await grow(vya, backups);
  await field.dropDatabase('tree');
  const entrants = [
    vya.entrant('vya list', ['list']),
    vya.entrant('vya prune --dry-run', ['prune', '--dry-run']),
  ];
  return {
    row: 'tree',
    title: `A tree of ${backups} backups`,
    contestants: await alternate(entrants, runs),
    targets: entrants.map(({ name }) => ({
      what: `${name} over ${backups} backups`,
      measure: 'wall',
      of: name,
      atMost: 1,
    })),
    compared: 0,
    notes: [],
  };
}

/** Makes backups of other databases and times out of the one that is there: its files, and a manifest of their own. */
async function grow(vya: Vya, backups: number): Promise<void> {
  const { id } = await newestManifest(vya, 'tree');
  const model = join(vya.storage, id);
  const text = await readFile(join(model, 'manifest.json'), 'utf8');
  const manifest = JSON.parse(text) as Record<string, unknown>;
  const files = (await readdir(model)).filter((name) => name !== 'manifest.json');
  const now = Date.now();
  for (let count = 1; count < backups; count += 1) {
    const database = `shop_${count % DATABASES}`;
    const startedAt = new Date(now - Math.ceil(count / DATABASES) * EVERY_MS).toISOString();
    const name = `${startedAt.slice(0, 19).replaceAll(/[-:]/g, '')}Z`;
    const own = join(dirname(dirname(model)), database, name);
    await mkdir(own, { recursive: true, mode: 0o700 });
    const changed = { ...manifest, id: `main/${database}/${name}`, run: name, database, startedAt };
    // A directory of pg_dump has files below it; nobody looks into them here.
    for (const file of files)
      await link(join(model, file), join(own, file)).catch(() => mkdir(join(own, file)));
    await writeFile(join(own, 'manifest.json'), JSON.stringify(changed), { mode: 0o600 });
  }
}
