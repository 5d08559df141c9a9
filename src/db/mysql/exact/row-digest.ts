import { quoteName } from '../names.ts';

/** A column as information_schema has it. */
export interface Column {
  name: string;
  /** Without length: `varchar`. */
  type: string;
  /** With it: `varchar(20)`. */
  fullType: string;
  charset: string | null;
}

/** What is computed of a column besides its part in the row's digest, because a dump may carry it inexactly (F53). */
export interface Fragile {
  column: Column;
  /** The exact value, as bytes or text. */
  exact: string;
  /** Where only some values are at risk: true for those. */
  risk?: string;
}

/** Character sets that every text comes back from unchanged: a dump converts to utf8mb4, which holds all of theirs one to one. */
const FAITHFUL = new Set(['utf8mb4', 'utf8mb3', 'utf8', 'latin1', 'binary']);

const NUMBERS = new Set(['tinyint', 'smallint', 'mediumint', 'int', 'bigint', 'decimal', 'year']);
const CHARACTERS = new Set(['char', 'varchar', 'binary', 'varbinary', 'enum', 'set']);
const TEXTS = new Set(['tinytext', 'text', 'mediumtext', 'longtext']);
const SHORT = new Set(['time', 'timestamp', 'uuid', 'inet4', 'inet6']);

/** A 64-bit number that stands for a text: the first half of its SHA-256, because two servers have no other good one in common (F46). */
export function hash(expression: string): string {
  return `CAST(CONV(LEFT(SHA2(${expression}, 256), 16), 16, 10) AS UNSIGNED)`;
}

/**
 * The text that stands for a row, one piece per column, such that different rows have different texts. Values are in it as a dump
 * carries them: FLOAT with its six digits, an invalid date as the zero that it becomes (F53).
 *
 * Null where the server could not compute it: a piece longer than max_allowed_packet.
 */
export function rowText(columns: readonly Column[]): string {
  return `CONCAT(${columns.map(piece).join(`, ',', `) || "''"})`;
}

function piece(column: Column): string {
  const name = quoteName(column.name);
  const { type } = column;
  if (NUMBERS.has(type)) return orNull(name, name);
  if (SHORT.has(type)) return orNull(name, `CAST(${name} AS CHAR)`);
  // Without the sign of zero, which no dump carries.
  if (type === 'double') return orNull(name, `${name} + 0e0`);
  if (type === 'float') return orNull(name, `IF(${name} = 0, '0', CAST(${name} AS CHAR))`);
  if (type === 'bit') return orNull(name, `${name} + 0`);
  if (type === 'date' || type === 'datetime') {
    return orNull(name, `IF(${invalidDate(name)}, '${zeroOf(column)}', CAST(${name} AS CHAR))`);
  }
  if (CHARACTERS.has(type)) {
    const text = characters(column);
    // As bytes, so that the server converts nothing, and mixes no collations.
    return orNull(name, `CONCAT(LENGTH(${text}), ':', CAST(${text} AS BINARY))`);
  }
  // What may be long by its digest, so that no row becomes too long for the server; a piece of constant length needs no mark.
  if (TEXTS.has(type)) return orNull(name, `SHA2(${characters(column)}, 256)`);
  if (type === 'json') return orNull(name, `SHA2(CAST(CAST(${jsonText(name)} AS JSON) AS CHAR), 256)`);
  return orNull(name, `SHA2(${name}, 256)`);
}

/** What a dump may change in a column that the row's text allows for. */
export function fragileOf(column: Column): Fragile | undefined {
  const name = quoteName(column.name);
  const { type } = column;
  if (type === 'float') return { column, exact: `${name} + 0e0` };
  if (type === 'date' || type === 'datetime') {
    return { column, exact: `CAST(${name} AS CHAR)`, risk: invalidDate(name) };
  }
  // MySQL keeps 1.10 as a decimal in a document and reads it back from text as the double 1.1.
  if (type === 'json') return { column, exact: jsonText(name) };
  const text = TEXTS.has(type) || type === 'char' || type === 'varchar';
  return text && !isFaithful(column) ? { column, exact: `CAST(${name} AS BINARY)` } : undefined;
}

function isFaithful({ charset }: Column): boolean {
  return charset === null || FAITHFUL.has(charset);
}

/** A text whose bytes are those of the column where every one of its texts comes back. */
function characters(column: Column): string {
  const name = quoteName(column.name);
  return isFaithful(column) ? name : `CONVERT(${name} USING utf8mb4)`;
}

function jsonText(name: string): string {
  return `CAST(${name} AS CHAR CHARACTER SET utf8mb4)`;
}

/** True for the 31st of February, which some sql_modes accept; loading a dump turns it into zero. */
function invalidDate(name: string): string {
  return `IFNULL(DAY(${name}) > 28 AND DAY(${name}) > DAY(LAST_DAY(${name})), FALSE)`;
}

/** How the server words the zero of a DATE or DATETIME. */
function zeroOf({ type, fullType }: Column): string {
  const digits = Number(/\((\d)\)/.exec(fullType)?.[1] ?? 0);
  const fraction = digits > 0 ? `.${'0'.repeat(digits)}` : '';
  return type === 'date' ? '0000-00-00' : `0000-00-00 00:00:00${fraction}`;
}

/** NULL is a letter, which no other piece is. Not IFNULL: what cannot be computed must not pass for NULL. */
function orNull(name: string, expression: string): string {
  return `IF(${name} IS NULL, 'N', ${expression})`;
}
