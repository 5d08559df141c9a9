import type { TableMeasure } from '../../db/snapshot.ts';
import type { Inventory, TableDigest, TableEntry } from '../../model/inventory.ts';
import { compareInventories, qualified } from './compare.ts';

/** What a restored database was compared by, and what came of it. */
export interface Comparison {
  /** Objects that are missing or too many, one line each. */
  objects: string[];
  /** Tables that hold other rows than the source's, one line each. */
  contents: string[];
  /** What was compared beside the objects: nothing, row counts, or all that tables hold. */
  compared: 'objects' | 'counts' | 'contents';
  /** What came back otherwise because no dump carries it faithfully, and what was not compared: `prices.amount (FLOAT)`. */
  exceptions: string[];
}

/** An inventory with exact counts and digests in it. Tables that only the measures know are added. */
export function withMeasures(inventory: Inventory, measures: readonly TableMeasure[]): Inventory {
  const measured = new Map(measures.map((measure) => [qualified(measure), measure]));
  const tables = inventory.tables.map((table): TableEntry => {
    const measure = measured.get(qualified(table));
    measured.delete(qualified(table));
    return measure ? { ...table, ...measure, exact: true } : table;
  });
  const others = [...measured.values()].map((measure): TableEntry => ({ ...measure, exact: true }));
  return { ...inventory, tables: [...tables, ...others], measured: true };
}

/** Compares a restored database with the manifest's inventory of its source: objects, and rows where both were measured. */
export function compareRestored(expected: Inventory, found: Inventory): Comparison {
  const objects = compareInventories(expected, found);
  if (!expected.measured || !found.measured)
    return { objects, contents: [], compared: 'objects', exceptions: [] };
  const present = new Map(found.tables.map((table) => [qualified(table), table]));
  const pairs = expected.tables.flatMap((table) => {
    const other = present.get(qualified(table));
    return other ? [compareTable(table, other)] : [];
  });
  const counted = pairs.filter(({ compared }) => compared !== 'nothing');
  const onlyCounts = counted.length > 0 && counted.every(({ compared }) => compared === 'counts');
  return {
    objects,
    contents: pairs.flatMap(({ differences }) => differences),
    compared: onlyCounts ? 'counts' : 'contents',
    exceptions: pairs.flatMap(({ table, compared, exceptions }) => [
      ...(compared === 'counts' && !onlyCounts ? [`${qualified(table)} (rows only counted)`] : []),
      ...exceptions,
    ]),
  };
}

interface TableComparison {
  table: TableEntry;
  compared: 'nothing' | 'counts' | 'contents';
  differences: string[];
  exceptions: string[];
}

function compareTable(table: TableEntry, other: TableEntry): TableComparison {
  const name = qualified(table);
  if (!table.exact || !other.exact) {
    // Without a figure on either side it has no rows of its own: a table of partitions, or of another server.
    const holdsRows = table.rows !== null || other.rows !== null;
    const exceptions = holdsRows ? [`${name} (not compared)`] : [];
    return { table, compared: 'nothing', differences: [], exceptions };
  }
  const counts =
    table.rows === other.rows ? [] : [`table ${name} has ${other.rows} rows instead of ${table.rows}`];
  const [wanted, got] = [table.digest, other.digest];
  if (!wanted || !got || wanted.method !== got.method)
    return { table, compared: 'counts', differences: counts, exceptions: [] };
  const values = wanted.value === got.value ? [] : [`table ${name} holds other values than its source`];
  return {
    table,
    compared: 'contents',
    differences: counts.length > 0 ? counts : values,
    exceptions: changedColumns(wanted, got).map(({ column, type }) => `${name}.${column} (${type})`),
  };
}

/** The columns that a dump may round or refuse, and did. One that is fragile on one side alone has changed as well. */
function changedColumns(wanted: TableDigest, got: TableDigest): TableDigest['fragile'] {
  const changed = ({ fragile: some }: TableDigest, { fragile: others }: TableDigest) =>
    some.filter(({ column, value }) => others.find((other) => other.column === column)?.value !== value);
  const lost = changed(wanted, got);
  const gained = changed(got, wanted).filter(({ column }) => lost.every((each) => each.column !== column));
  return [...lost, ...gained];
}
