import { readFile } from 'node:fs/promises';
import { type Contender, openContender } from './contender.ts';
import type { Field } from './field.ts';
import { describeMachine } from './machine.ts';
import type { BenchOptions, RowName } from './options.ts';
import { megabytes } from './page.ts';
import type { Comparison, Results } from './results.ts';
import { backupRow } from './row-backup.ts';
import { codecsRow } from './row-codecs.ts';
import { manyRow } from './row-many.ts';
import { memoryRow } from './row-memory.ts';
import { restoreRow } from './row-restore.ts';
import { retentionRow } from './row-retention.ts';
import { startupRow } from './row-startup.ts';
import { treeRow } from './row-tree.ts';

type Wanted = (...rows: RowName[]) => boolean;

/** Measures all rows that are asked for. */
export async function runRows(
  options: BenchOptions,
  program: string,
  fields: readonly Field[],
): Promise<Results> {
  const comparisons: Comparison[] = [];
  const wanted: Wanted = (...rows) => rows.some((row) => options.rows.includes(row));
  const data: [string, string][] = [];
  for (const field of fields) {
    if (wanted('backup', 'restore', 'memory', 'codecs')) {
      const contender = await openContender(field, program, 'shop', options.size);
      data.push([field.kind, `${megabytes(contender.bytes)} as the dump program writes them`]);
      comparisons.push(...(await sizeRows(contender, options, wanted, field === fields[0])));
      if (wanted('memory') && isFirstOfType(field, fields))
        comparisons.push(await largeRow(contender, program, options));
      await field.dropDatabase('shop');
    }
    if (wanted('many')) comparisons.push(await manyRow(field, program, options.databases, options.runs));
  }
  comparisons.push(...(await otherRows(fields[0] as Field, program, options, wanted)));
  return {
    date: new Date().toISOString().slice(0, 10),
    commandLine: ['npm run bench --', ...process.argv.slice(2)].join(' '),
    vya: await versionOf(),
    machine: await describeMachine(fields),
    data,
    comparisons,
  };
}

function isFirstOfType(field: Field, fields: readonly Field[]): boolean {
  return fields.find(({ type }) => type === field.type) === field;
}

async function sizeRows(
  contender: Contender,
  { runs }: BenchOptions,
  wanted: Wanted,
  first: boolean,
): Promise<Comparison[]> {
  return [
    ...(wanted('backup') ? [await backupRow(contender, runs)] : []),
    ...(wanted('restore') ? [await restoreRow(contender, runs)] : []),
    ...(wanted('codecs') && first ? [await codecsRow(contender, runs)] : []),
  ];
}

async function largeRow(
  small: Contender,
  program: string,
  { largeSize, runs }: BenchOptions,
): Promise<Comparison> {
  const large = await openContender(small.field, program, 'large', largeSize);
  const comparison = await memoryRow(small, large, runs);
  await small.field.dropDatabase('large');
  return comparison;
}

/** Rows for which the kind of server makes no difference. */
async function otherRows(
  field: Field,
  program: string,
  { backups, runs }: BenchOptions,
  wanted: Wanted,
): Promise<Comparison[]> {
  return [
    ...(wanted('tree') ? [await treeRow(field, program, backups, runs)] : []),
    ...(wanted('retention') ? [retentionRow(runs)] : []),
    ...(wanted('startup') ? [await startupRow(field.env, program, runs)] : []),
  ];
}

async function versionOf(): Promise<string> {
  const file = new URL('../../package.json', import.meta.url);
  return (JSON.parse(await readFile(file, 'utf8')) as { version: string }).version;
}
