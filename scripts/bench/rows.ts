import { type Contender, openContender } from './contender.ts';
import type { Field } from './field.ts';
import type { BenchOptions, RowName } from './options.ts';
import { megabytes } from './page.ts';
import type { Comparison, Results } from './results.ts';
import { backupRow, largeRow } from './row-backup.ts';
import { codecsRow } from './row-codecs.ts';
import { manyRow } from './row-many.ts';
import { memoryRow } from './row-memory.ts';
import { restoreRow } from './row-restore.ts';
import { retentionRow } from './row-retention.ts';
import { startupRow } from './row-startup.ts';
import { treeRow } from './row-tree.ts';

type Wanted = (...rows: RowName[]) => boolean;

/** Measures all rows that are asked for, one after the other. `data`: takes what there is to say of each server's data. */
export async function* measureRows(
  options: BenchOptions,
  program: string,
  fields: readonly Field[],
  data: Results['data'],
): AsyncGenerator<Comparison> {
  const wanted: Wanted = (...rows) => rows.some((row) => options.rows.includes(row));
  for (const field of fields) {
    if (wanted('backup', 'restore', 'memory', 'large', 'codecs')) {
      const contender = await openContender(field, program, 'shop', options.size);
      data.push([field.kind, `${megabytes(contender.bytes)} as the dump program writes them`]);
      if (wanted('backup')) yield await backupRow(contender, options.runs);
      if (wanted('restore')) yield await restoreRow(contender, options.runs);
      if (wanted('codecs') && isFirstOfType(field, fields)) yield await codecsRow(contender, options.runs);
      if (wanted('memory', 'large') && isFirstOfType(field, fields))
        yield* largeRows(contender, program, options, wanted);
      await field.dropDatabase('shop');
    }
    if (wanted('many')) yield await manyRow(field, program, options.databases, options.runs);
  }
  // For these the kind of server makes no difference.
  const [first] = fields as [Field];
  if (wanted('tree')) yield await treeRow(first, program, options.backups, options.runs);
  if (wanted('retention')) yield retentionRow(options.runs);
  if (wanted('startup')) yield await startupRow(first.env, program, options.runs);
}

function isFirstOfType(field: Field, fields: readonly Field[]): boolean {
  return fields.find(({ type }) => type === field.type) === field;
}

async function* largeRows(
  small: Contender,
  program: string,
  { largeSize, runs }: BenchOptions,
  wanted: Wanted,
): AsyncGenerator<Comparison> {
  const large = await openContender(small.field, program, 'large', largeSize);
  if (wanted('large')) yield await largeRow(large, runs);
  if (wanted('memory')) yield await memoryRow(small, large, runs);
  await small.field.dropDatabase('large');
}
