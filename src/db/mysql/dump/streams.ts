import type { Knex } from 'knex';
import type { Inventory } from '../../../model/inventory.ts';
import type { ServerInfo } from '../../adapter.ts';
import type { Streams } from '../../streams.ts';
import { readTransactional } from '../exact/engines.ts';
import { ARGUMENT_BYTES, argumentBytes } from './arguments.ts';
import { groupTables, piecesWanted } from './grouping.ts';
import { keyRanges } from './key-ranges.ts';
import { assertSameStructures, readStructures } from './structure.ts';

/**
 * Plans the streams in which the rows of a database are dumped. Undefined where one is all there is to have, or the tables are too
 * many to be named.
 *
 * Only what a transaction reads is divided into ranges: those of another table would be of different moments.
 */
export async function planStreams(
  knex: Knex,
  server: ServerInfo,
  database: string,
  inventory: Inventory,
  jobs: number,
): Promise<Streams | undefined> {
  const names = [...inventory.tables, ...inventory.sequences].map(({ name }) => name);
  if (jobs < 2 || argumentBytes(names) > ARGUMENT_BYTES) return undefined;
  const tables = inventory.tables.map(({ name, bytes = 0 }) => ({ name, bytes }));
  const isTransactional = await readTransactional(knex);
  const divisible = new Set(inventory.tables.filter(isTransactional).map(({ name }) => name));
  const ranges = new Map<string, string[]>();
  for (const [name, pieces] of piecesWanted(tables, jobs)) {
    const conditions = divisible.has(name) ? await keyRanges(knex, database, name, pieces) : undefined;
    if (conditions) ranges.set(name, conditions);
  }
  const streams = groupTables(tables, jobs, ranges);
  if (streams.length < 2) return undefined;
  const before = await readStructures(knex, server, database);
  return {
    rows: streams,
    async assertUnchanged() {
      assertSameStructures(database, before, await readStructures(knex, server, database));
    },
  };
}
