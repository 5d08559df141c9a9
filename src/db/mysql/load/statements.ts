/** A statement of a dump: where it stands in the text, without its delimiter. */
export interface Statement {
  start: number;
  end: number;
}

/** A piece of a statement. `quoted` ones keep their quotes; `symbol` is any other single character. */
export interface Token {
  kind: 'word' | 'quoted' | 'symbol';
  start: number;
  end: number;
  text: string;
}

const DELIMITER_LINE = /DELIMITER[ \t]+(\S+)[^\n]*(?:\n|$)/iy;
const WORD = /[\w$\x80-\xff]+/y;
const VERSION_COMMENT = /\/\*M?!\d*/y;

/**
 * Splits a dump into statements as the client programs do: by a delimiter that can be changed, and that does not count between
 * quotes or in comments. The text is Latin-1, one character for each byte, so that whatever is in it stays as it is.
 */
export function splitStatements(text: string): Statement[] {
  const statements: Statement[] = [];
  let delimiter = ';';
  let start = 0;
  let empty = true;
  for (let at = 0; at < text.length;) {
    const line = empty && (at === 0 || text[at - 1] === '\n') ? match(DELIMITER_LINE, text, at) : undefined;
    if (line) {
      delimiter = line[1]!;
      start = at += line[0].length;
    } else if (text.startsWith(delimiter, at)) {
      if (!empty) statements.push({ start, end: at });
      start = at += delimiter.length;
      empty = true;
    } else {
      const comment = skipComment(text, at);
      empty &&= comment !== undefined || isSpace(text, at);
      at = comment ?? skipQuoted(text, at) ?? at + 1;
    }
  }
  if (!empty) statements.push({ start, end: text.length });
  return statements;
}

/** The tokens of one statement, less comments. What stands in a comment for some versions (`/*!50001`) counts. */
export function* tokensOf(text: string, { start, end }: Statement): Generator<Token> {
  for (let at = start; at < end;) {
    const next = match(VERSION_COMMENT, text, at)?.[0].length;
    if (next !== undefined) at += next;
    else if (isSpace(text, at)) at += 1;
    else {
      const comment = skipComment(text, at);
      if (comment !== undefined) {
        at = comment;
        continue;
      }
      const quotedEnd = skipQuoted(text, at);
      const word = match(WORD, text, at)?.[0];
      const stop = quotedEnd ?? at + (word?.length ?? 1);
      const kind = quotedEnd !== undefined ? 'quoted' : word !== undefined ? 'word' : 'symbol';
      yield { kind, start: at, end: stop, text: text.slice(at, stop) };
      at = stop;
    }
  }
}

/** The position after the comment that begins at `at`, if one does. */
function skipComment(text: string, at: number): number | undefined {
  if (text[at] === '#' || (text.startsWith('--', at) && (at + 2 >= text.length || isSpace(text, at + 2)))) {
    const end = text.indexOf('\n', at);
    return end < 0 ? text.length : end;
  }
  if (!text.startsWith('/*', at) || match(VERSION_COMMENT, text, at)) return undefined;
  const end = text.indexOf('*/', at + 2);
  return end < 0 ? text.length : end + 2;
}

/** The position after the quoted text that begins at `at`, if one does. */
function skipQuoted(text: string, at: number): number | undefined {
  const quote = text[at];
  if (quote !== "'" && quote !== '"' && quote !== '`') return undefined;
  for (let position = at + 1; position < text.length; position += 1) {
    if (text[position] === '\\' && quote !== '`') position += 1;
    else if (text[position] !== quote) continue;
    else if (text[position + 1] === quote) position += 1;
    else return position + 1;
  }
  return text.length;
}

function isSpace(text: string, at: number): boolean {
  const code = text.charCodeAt(at);
  return code === 32 || (code >= 9 && code <= 13);
}

function match(expression: RegExp, text: string, at: number): RegExpExecArray | undefined {
  expression.lastIndex = at;
  return expression.exec(text) ?? undefined;
}
