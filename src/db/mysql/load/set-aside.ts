import type { ForeignKey, SecondaryKey, TableDefinition } from './table-definition.ts';

/** What is taken off a table while it is empty. */
export interface SetAside {
  /** With its quotes. */
  table: string;
  keys: readonly SecondaryKey[];
  foreignKeys: readonly ForeignKey[];
}

/**
 * Which keys of `large` tables can be taken off and put on again so that nothing tells: by tables' names with quotes. When in doubt a
 * key stays. `definitions`: of all tables of the database, undefined for those that were not understood.
 *
 * The servers sort keys by their kind, and those of one kind by their age: only the last ones can come back to their places. The
 * foreign keys of such a table go with them, which need its keys.
 */
export function chooseSetAside(
  definitions: ReadonlyMap<string, TableDefinition | undefined>,
  large: ReadonlySet<string>,
): SetAside[] {
  const everyForeignKey = [...definitions.values()].flatMap((definition) => definition?.foreignKeys ?? []);
  return [...definitions].flatMap(([table, definition]) => {
    if (!definition || !large.has(table)) return [];
    if (!definition.foreignKeys.every((foreignKey) => isPlain(foreignKey, definitions))) return [];
    const referenced = everyForeignKey.filter((foreignKey) => foreignKey.table === table);
    const keys = lastOnes(definition, referenced);
    return keys.length > 0 ? [{ table, keys, foreignKeys: definition.foreignKeys }] : [];
  });
}

function lastOnes(definition: TableDefinition, referenced: readonly ForeignKey[]): SecondaryKey[] {
  const { primary, autoIncrement, keys } = definition;
  // Without a primary key rows are stored by the first unique one; an AUTO_INCREMENT column must begin some key.
  if (!primary || (autoIncrement !== undefined && primary[0] !== autoIncrement)) return [];
  const sorted = keys.filter(({ kind }) => kind !== 'fulltext');
  const stays = (key: SecondaryKey) => !key.ordinary || referenced.some(({ columns }) => needs(columns, key));
  return sorted.slice(sorted.findLastIndex(stays) + 1);
}

/** Whether a foreign key into this table may rest on the key. */
function needs(columns: readonly string[], { columns: own }: SecondaryKey): boolean {
  return own === undefined || columns.every((column, index) => same(column, own[index]));
}

/** Whether it points at a whole primary or unique key of a table that is here: only then every server takes it back. */
function isPlain(
  { table, columns }: ForeignKey,
  definitions: ReadonlyMap<string, TableDefinition | undefined>,
): boolean {
  const target = table === undefined ? undefined : definitions.get(table);
  if (!target) return false;
  const unique = [
    target.primary,
    ...target.keys.filter(({ kind }) => kind === 'unique').map((key) => key.columns),
  ];
  return unique.some(
    (own) => own?.length === columns.length && columns.every((column, index) => same(column, own[index])),
  );
}

function same(column: string, other: string | undefined): boolean {
  return column.toLowerCase() === other?.toLowerCase();
}

/** Takes everything off, foreign keys first. */
export function statementsOff(setAside: readonly SetAside[]): string {
  const foreignKeys = setAside
    .filter((each) => each.foreignKeys.length > 0)
    .map((each) =>
      alter(
        each.table,
        each.foreignKeys.map(({ name }) => `DROP FOREIGN KEY ${name}`),
      ),
    );
  const keys = setAside.map(({ table, keys: some }) =>
    alter(
      table,
      some.map(({ name }) => `DROP KEY ${name}`),
    ),
  );
  return [...foreignKeys, ...keys].join('');
}

/** Puts one table's keys on again, in one reading of its rows. */
export function statementOn({ table, keys }: SetAside): string {
  return alter(
    table,
    keys.map(({ text }) => `ADD ${text}`),
  );
}

/** Puts all foreign keys on again. */
export function foreignKeysOn(setAside: readonly SetAside[]): string {
  return setAside
    .filter(({ foreignKeys }) => foreignKeys.length > 0)
    .map(({ table, foreignKeys }) =>
      alter(
        table,
        foreignKeys.map(({ text }) => `ADD ${text}`),
      ),
    )
    .join('');
}

function alter(table: string, changes: readonly string[]): string {
  return `ALTER TABLE ${table} ${changes.join(', ')};\n`;
}
