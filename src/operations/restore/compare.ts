import type { Inventory } from '../../model/inventory.ts';

interface Kind {
  label: string;
  names(inventory: Inventory): string[];
}

/** `shop.prices`, or `prices` where there are no schemas. */
export const qualified = (object: { schema?: string | undefined; name: string }): string =>
  object.schema === undefined ? object.name : `${object.schema}.${object.name}`;

/** Everything that a restored database must have as its source had it, in the words of the messages. */
const kinds: Kind[] = [
  { label: 'table', names: ({ tables }) => tables.map(qualified) },
  { label: 'view', names: ({ views }) => views.map(qualified) },
  {
    label: 'routine',
    names: ({ routines }) =>
      routines.map((routine) => `${routine.kind} ${qualified(routine)}(${routine.arguments ?? ''})`),
  },
  {
    label: 'trigger',
    names: ({ triggers }) => triggers.map((each) => `${qualified(each)} on ${each.table}`),
  },
  { label: 'event', names: ({ events }) => events.map(qualified) },
  { label: 'sequence', names: ({ sequences }) => sequences.map(qualified) },
  { label: 'extension', names: ({ extensions }) => extensions.map(({ name }) => name) },
  { label: 'encoding', names: ({ database }) => [`${database.encoding} ${database.collation}`] },
  { label: 'number of large objects', names: ({ largeObjects }) => [String(largeObjects)] },
];

/** Which objects differ between two inventories of one database, one line each; empty when they agree. */
export function compareInventories(expected: Inventory, found: Inventory): string[] {
  return kinds.flatMap(({ label, names }) => {
    const wanted = new Set(names(expected));
    const present = new Set(names(found));
    return [
      ...[...wanted].filter((name) => !present.has(name)).map((name) => `${label} ${name} is missing`),
      ...[...present]
        .filter((name) => !wanted.has(name))
        .map((name) => `${label} ${name} was not in the source`),
    ];
  });
}

/** The first few of many lines, and how many more there are. */
export function summarize(lines: readonly string[], most = 5): string {
  const rest = lines.length - most;
  return lines.slice(0, most).join('; ') + (rest > 0 ? `; and ${rest} more` : '');
}
