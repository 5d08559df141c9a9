import { createHash } from 'node:crypto';

/** The longest name that Linux file systems hold, in bytes. */
const longestComponent = 255;
/** Stands before the hash of a name that was too long; no escaped name holds it, because `%` is always escaped. */
const shortenedMark = '%~';

/**
 * A path component for any name: the name itself, with only those characters percent-encoded that a component cannot hold
 * (`/`, NUL), that would hide it (`.` at the start), make it an option (`-` at the start), pass for vya's own names (`@` at
 * the start), or spoil terminals and line-based tools (control characters), and `%` itself.
 *
 * Two different names never give the same component, and `unescapeName` turns it back. All else stays byte for byte:
 * composed and decomposed letters stay apart, as do `Foo` and `foo`. (On a file system that takes those for one, as macOS's
 * does by default, the second of the two is refused: see stored-name.ts.)
 */
export function escapeName(name: string): string {
  // A component cannot be empty; no other name gives a lone percent sign.
  if (name === '') return '%';
  let escaped = '';
  for (const character of name) {
    escaped += mustEscape(character, escaped === '') ? percent(character) : character;
  }
  return escaped;
}

/** The name behind an escaped component; undefined when vya did not write it, or had to shorten it. */
export function unescapeName(component: string): string | undefined {
  if (component === '%') return '';
  let broken = false;
  const name = component.replace(/%u[0-9A-F]{4}|(?:%[0-9A-F]{2})+|%/g, (escape) => {
    if (escape.startsWith('%u')) return String.fromCharCode(Number.parseInt(escape.slice(2), 16));
    try {
      return decodeURIComponent(escape);
    } catch {
      broken = true;
      return '';
    }
  });
  // Only what escapeName would write itself: '%61' is a foreign name, not an 'a'.
  return !broken && escapeName(name) === component ? name : undefined;
}

/**
 * An escaped name that fits into `limit` bytes. Names that are too long keep their beginning and get a hash of the whole
 * name; the manifest holds the true one.
 */
export function fittingName(name: string, limit: number = longestComponent): string {
  const escaped = escapeName(name);
  if (Buffer.byteLength(escaped) <= limit) return escaped;
  const hash = createHash('sha256').update(escaped).digest('hex').slice(0, 40);
  const room = limit - shortenedMark.length - hash.length;
  let beginning = '';
  for (const [token] of escaped.matchAll(/%u[0-9A-F]{4}|%[0-9A-F]{2}|[^%]/gu)) {
    if (Buffer.byteLength(beginning + token) > room) break;
    beginning += token;
  }
  return beginning + shortenedMark + hash;
}

/** Whether a component is the shortened form of a longer name. */
export function isShortened(component: string): boolean {
  return /%~[0-9a-f]{40}$/.test(component);
}

function mustEscape(character: string, first: boolean): boolean {
  const code = character.codePointAt(0) as number;
  if (code < 0x20 || (code >= 0x7f && code <= 0x9f)) return true;
  if (code >= 0xd800 && code <= 0xdfff) return true;
  return character === '%' || character === '/' || (first && '.-@'.includes(character));
}

function percent(character: string): string {
  const code = character.codePointAt(0) as number;
  // Half of a surrogate pair has no bytes of its own: UTF-8 would make every one of them the same character.
  if (code >= 0xd800 && code <= 0xdfff) return `%u${code.toString(16).toUpperCase()}`;
  return [...Buffer.from(character)]
    .map((byte) => `%${byte.toString(16).toUpperCase().padStart(2, '0')}`)
    .join('');
}
