import { type Token, tokensOf } from './statements.ts';

/** A key other than the primary one, as `SHOW CREATE TABLE` words it. */
export interface SecondaryKey {
  /** With its quotes. */
  name: string;
  text: string;
  kind: 'unique' | 'plain' | 'fulltext' | 'other';
  /** The columns with their quotes; undefined where they are not plain columns (expressions, prefixes). */
  columns: readonly string[] | undefined;
  /** Whether ALTER TABLE makes it again as it is: a B-tree over columns or prefixes of them, none of them generated. */
  ordinary: boolean;
}

export interface ForeignKey {
  /** With its quotes. */
  name: string;
  text: string;
  /** With its quotes; undefined for a table of another database. */
  table: string | undefined;
  /** With their quotes. */
  columns: readonly string[];
}

export interface TableDefinition {
  primary: readonly string[] | undefined;
  keys: readonly SecondaryKey[];
  foreignKeys: readonly ForeignKey[];
  /** Every key and constraint in the server's order and words. */
  constraints: readonly string[];
  /** The column with its quotes. */
  autoIncrement: string | undefined;
}

/**
 * Reads what `SHOW CREATE TABLE` says of an InnoDB table. Undefined for other engines, for tables with a history or a period, and
 * for everything that is not understood with certainty: such a table is left as it is.
 */
export function readTableDefinition(sql: string): TableDefinition | undefined {
  const tokens = [...tokensOf(sql, { start: 0, end: sql.length })];
  const open = tokens.findIndex(({ text }) => text === '(');
  if (!isWord(tokens[0], 'CREATE') || !isWord(tokens[1], 'TABLE') || open < 3 || open > 4) return undefined;
  const { elements, end } = elementsOf(sql, tokens, open);
  if (!isInnodb(tokens.slice(end + 1))) return undefined;
  const read = elements.map(readElement);
  if (read.includes(undefined)) return undefined;
  const pieces = read.filter((piece) => piece !== undefined);
  const columns = pieces.filter((piece) => piece.is === 'column');
  const generated = new Set(columns.filter((column) => column.generated).map(({ name }) => name));
  const keys = pieces.filter((piece) => piece.is === 'key').map(({ key }) => key);
  return {
    primary: pieces.find((piece) => piece.is === 'primary')?.columns,
    keys: keys.map(({ over, ...key }) => ({
      ...key,
      ordinary: key.ordinary && over.every((column) => !generated.has(column)),
    })),
    foreignKeys: pieces.filter((piece) => piece.is === 'foreign key').map(({ foreignKey }) => foreignKey),
    constraints: pieces.flatMap((piece) => (piece.is === 'column' ? [] : [piece.text])),
    autoIncrement: columns.find((column) => column.autoIncrement)?.name,
  };
}

interface Element {
  text: string;
  tokens: readonly Token[];
}

type Piece =
  | { is: 'column'; name: string; generated: boolean; autoIncrement: boolean }
  | { is: 'primary'; text: string; columns: readonly string[] | undefined }
  | { is: 'key'; text: string; key: SecondaryKey & { over: readonly string[] } }
  | { is: 'foreign key'; text: string; foreignKey: ForeignKey }
  | { is: 'check'; text: string };

/** What stands between the outermost parentheses, at its commas; `end`: the token that closes them. */
function elementsOf(
  sql: string,
  tokens: readonly Token[],
  open: number,
): { elements: Element[]; end: number } {
  const elements: Element[] = [];
  let depth = 0;
  let first = open + 1;
  for (let at = open; at < tokens.length; at += 1) {
    const { kind, text } = tokens[at]!;
    if (kind !== 'symbol') continue;
    if (text === '(') depth += 1;
    if (text === ')') depth -= 1;
    if (depth === 0 || (depth === 1 && text === ',')) {
      const [from, to] = [tokens[first - 1]!.end, tokens[at]!.start];
      elements.push({ text: sql.slice(from, to).trim(), tokens: tokens.slice(first, at) });
      first = at + 1;
    }
    if (depth === 0) return { elements, end: at };
  }
  return { elements: [], end: tokens.length };
}

function isInnodb(options: readonly Token[]): boolean {
  const engine = options.findIndex((token) => isWord(token, 'ENGINE'));
  const named = options[engine + 1]?.text === '=' && isWord(options[engine + 2], 'INNODB');
  return engine >= 0 && named && !options.some((token) => isWord(token, 'VERSIONING'));
}

function readElement({ text, tokens }: Element): Piece | undefined {
  const [first, second, third] = tokens;
  if (first?.kind === 'quoted' && first.text.startsWith('`')) {
    const has = (word: string) => tokens.some((token) => isWord(token, word));
    if (has('VERSIONING')) return undefined;
    const autoIncrement = has('AUTO_INCREMENT');
    return { is: 'column', name: first.text, generated: has('GENERATED') || has('AS'), autoIncrement };
  }
  if (isWord(first, 'PRIMARY')) return { is: 'primary', text, columns: listAt(tokens, 2)?.columns };
  if (isWord(first, 'KEY')) return readKey(text, tokens, 1, 'plain');
  if (isWord(second, 'KEY') && isWord(first, 'UNIQUE')) return readKey(text, tokens, 2, 'unique');
  if (isWord(second, 'KEY') && isWord(first, 'FULLTEXT')) return readKey(text, tokens, 2, 'fulltext');
  if (isWord(second, 'KEY') && (isWord(first, 'SPATIAL') || isWord(first, 'VECTOR')))
    return readKey(text, tokens, 2, 'other');
  if (!isWord(first, 'CONSTRAINT') || second?.kind !== 'quoted') return undefined;
  if (isWord(third, 'CHECK')) return { is: 'check', text };
  return isWord(third, 'FOREIGN') ? readForeignKey(text, tokens) : undefined;
}

function readKey(
  text: string,
  tokens: readonly Token[],
  at: number,
  kind: SecondaryKey['kind'],
): Piece | undefined {
  const name = tokens[at];
  if (name?.kind !== 'quoted') return undefined;
  const list = listAt(tokens, at + 1);
  const rest = list ? tokens.slice(list.end + 1) : [];
  const special = rest.some((token) =>
    ['HASH', 'RTREE', 'OVERLAPS', 'PARSER'].some((word) => isWord(token, word)),
  );
  const ordinary = list !== undefined && !special && (kind === 'unique' || kind === 'plain');
  const key = { name: name.text, text, kind, columns: list?.columns, ordinary, over: list?.over ?? [] };
  return { is: 'key', text, key };
}

/** CONSTRAINT `name` FOREIGN KEY (…) REFERENCES `table` (…) */
function readForeignKey(text: string, tokens: readonly Token[]): Piece | undefined {
  const own = listAt(tokens, 4);
  const at = own ? own.end + 1 : 0;
  if (!own || !isWord(tokens[at], 'REFERENCES')) return undefined;
  const isElsewhere = tokens[at + 2]?.text === '.';
  const table = isElsewhere ? undefined : tokens[at + 1]!.text;
  const list = listAt(tokens, at + (isElsewhere ? 4 : 2));
  if (!list?.columns) return undefined;
  return {
    is: 'foreign key',
    text,
    foreignKey: { name: tokens[1]!.text, text, table, columns: list.columns },
  };
}

/**
 * The list of columns that begins at a token: `over` is what it names, `columns` the same where none is cut to a prefix.
 * Undefined for anything but columns.
 */
function listAt(
  tokens: readonly Token[],
  start: number,
): { columns: string[] | undefined; over: string[]; end: number } | undefined {
  if (tokens[start]?.text !== '(') return undefined;
  const over: string[] = [];
  let whole = true;
  for (let at = start + 1; ; at += 1) {
    const name = tokens[at];
    if (name?.kind !== 'quoted' || !name.text.startsWith('`')) return undefined;
    over.push(name.text);
    at += 1;
    if (tokens[at]?.text === '(') {
      if (!/^\d+$/.test(tokens[at + 1]?.text ?? '') || tokens[at + 2]?.text !== ')') return undefined;
      whole = false;
      at += 3;
    }
    if (isWord(tokens[at], 'ASC') || isWord(tokens[at], 'DESC')) at += 1;
    if (tokens[at]?.text === ')') return { columns: whole ? over : undefined, over, end: at };
    if (tokens[at]?.text !== ',') return undefined;
  }
}

function isWord(token: Token | undefined, word: string): boolean {
  return token?.kind === 'word' && token.text.toUpperCase() === word;
}
