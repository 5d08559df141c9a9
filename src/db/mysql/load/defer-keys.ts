import type { Knex } from 'knex';
import type { Inventory, TableEntry } from '../../../model/inventory.ts';
import type { DeferredKeys } from '../../load-step.ts';
import type { ClientPrograms } from '../../client-program.ts';
import type { ClientContext } from '../client.ts';
import { qualified, quoteName } from '../names.ts';
import { attempt, rows } from '../query.ts';
import { loadCommand } from './load.ts';
import { chooseSetAside, foreignKeysOn, type SetAside, statementOn, statementsOff } from './set-aside.ts';
import { readTableDefinition, type TableDefinition } from './table-definition.ts';

/** Rows from which building keys at once is worth two ALTER TABLE. */
const manyRows = 10_000;

type Definitions = Map<string, TableDefinition | undefined>;

/**
 * The tables have been made by the dump itself, with all their keys: what the server says of them now is what it has to say of them
 * after the load.
 */
export async function deferKeys(
  { context, knex }: { context: ClientContext; knex: Knex },
  database: string,
  { tables }: Inventory,
  programs: ClientPrograms,
): Promise<DeferredKeys | undefined> {
  const isLarge = ({ rows: count }: TableEntry) => count === null || count >= manyRows;
  const large = new Set(tables.filter(isLarge).map(({ name }) => quoteName(name)));
  if (large.size === 0) return undefined;
  const names = tables.map(({ name }) => name);
  const before = await readDefinitions(knex, database, names);
  const setAside = chooseSetAside(before, large);
  if (setAside.length === 0) return undefined;
  const bytesOf = new Map(tables.map(({ name, bytes = 0 }) => [quoteName(name), bytes]));
  const largestFirst = setAside.toSorted((a, b) => bytesOf.get(b.table)! - bytesOf.get(a.table)!);
  const foreignKeys = foreignKeysOn(setAside);
  return {
    off: [[Buffer.from(statementsOff(setAside))]],
    on: [
      largestFirst.map((each) => Buffer.from(statementOn(each))),
      ...(foreignKeys === '' ? [] : [[Buffer.from(foreignKeys)]]),
    ],
    command: () => loadCommand(context, programs, database),
    differences: async () => differencesOf(setAside, before, await readDefinitions(knex, database, names)),
  };
}

/** By names with quotes. A table that is not there has no definition. */
async function readDefinitions(knex: Knex, database: string, names: readonly string[]): Promise<Definitions> {
  const definitions: Definitions = new Map();
  for (const name of names) {
    const ask = () => rows<Record<string, string>>(knex, `SHOW CREATE TABLE ${qualified(database, name)}`);
    const [row] = (await attempt(ask)) ?? [];
    definitions.set(quoteName(name), readTableDefinition(row?.['Create Table'] ?? ''));
  }
  return definitions;
}

function differencesOf(setAside: readonly SetAside[], before: Definitions, after: Definitions): string[] {
  return setAside.flatMap(({ table }) => {
    const wanted = before.get(table)?.constraints ?? [];
    const found = after.get(table)?.constraints ?? [];
    const lost = wanted.filter((text) => !found.includes(text));
    const gained = found.filter((text) => !wanted.includes(text));
    if (lost.length + gained.length > 0)
      return [
        ...lost.map((text) => `${table} lacks ${text}`),
        ...gained.map((text) => `${table} has ${text}`),
      ];
    return wanted.join() === found.join() ? [] : [`${table} has its keys in another order`];
  });
}
