/** Whether a text is a pattern rather than a plain name. */
export function isGlob(text: string): boolean {
  return /[*?[\\]/.test(text);
}

/**
 * A test for a shell-like pattern: `*` any text, `?` one character, `[a-z]` and `[!a-z]` one of (or none of) a set, `\` takes
 * the next character as it is. A database may be named anything, so nothing is special but these: not `/`, no leading dot.
 */
export function globMatcher(pattern: string): (name: string) => boolean {
  const expression = new RegExp(`^(?:${asExpression(Array.from(pattern))})$`, 'su');
  return (name) => expression.test(name);
}

const anything = '.*';

function asExpression(characters: readonly string[]): string {
  let expression = '';
  for (let at = 0; at < characters.length; at += 1) {
    const character = characters[at] as string;
    const set = character === '[' ? readSet(characters, at) : undefined;
    if (set) {
      expression += set.expression;
      at = set.end;
    } else if (character === '*') {
      // Neighbours say nothing more, and would make the expression slow.
      if (!expression.endsWith(anything)) expression += anything;
    } else if (character === '?') expression += '.';
    else if (character === '\\' && at + 1 < characters.length)
      expression += escape(characters[(at += 1)] as string);
    else expression += escape(character);
  }
  return expression;
}

/** A set from `[` to its `]` (one right after the opening is a member); undefined where it is never closed. */
function readSet(
  characters: readonly string[],
  start: number,
): { expression: string; end: number } | undefined {
  const negated = characters[start + 1] === '!' || characters[start + 1] === '^';
  const first = start + (negated ? 2 : 1);
  const end = characters.indexOf(']', first + 1);
  if (end < 0) return undefined;
  const members = characters.slice(first, end);
  const parts: string[] = [];
  for (let at = 0; at < members.length; at += 1) {
    const [from, dash, to] = members.slice(at, at + 3) as [string, string?, string?];
    if (dash === '-' && to !== undefined) {
      // A range that runs backwards holds nothing, as in the shell.
      if ((from.codePointAt(0) ?? 0) <= (to.codePointAt(0) ?? 0)) parts.push(`${escape(from)}-${escape(to)}`);
      at += 2;
    } else parts.push(escape(from));
  }
  return { expression: `[${negated ? '^' : ''}${parts.join('')}]`, end };
}

/** By its code point, which is right inside and outside of a set; so a pattern's own characters never look like `.*`. */
function escape(character: string): string {
  return `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`;
}
