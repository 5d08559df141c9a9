import { VyaError } from '../../../errors.ts';
import { quoteName } from '../names.ts';
import { splitStatements, type Statement, type Token, tokensOf } from './statements.ts';

interface Edit {
  start: number;
  end: number;
  text: string;
}

/** What a CREATE statement makes, by the first of these words in it. */
const KINDS = new Set([
  'TABLE',
  'VIEW',
  'TRIGGER',
  'EVENT',
  'FUNCTION',
  'PROCEDURE',
  'PACKAGE',
  'SEQUENCE',
  'DATABASE',
  'SCHEMA',
  'USER',
]);

/** How both flavours begin an event in a dump. */
const EVENT_LINE = /^\/\*!50106 CREATE\*\/ .*\/\*!50106 EVENT /gm;

/**
 * Turns ENABLE into DISABLE in every CREATE EVENT of a dump, and nowhere else: not in names, comments, or bodies (F50).
 *
 * @throws VyaError `failed` for a dump whose events cannot all be found
 */
export function disableEvents(content: Buffer): Buffer {
  const text = content.toString('latin1');
  const edits: Edit[] = [];
  let found = 0;
  for (const statement of splitStatements(text)) {
    const [verb, kind] = kindOf(text, statement);
    if (kind !== 'EVENT') continue;
    const status = verb === 'CREATE' ? eventStatus(text, statement) : undefined;
    if (!status) throw unsafe();
    found += 1;
    if (isWord(status, 'ENABLE')) edits.push({ start: status.start, end: status.end, text: 'DISABLE' });
  }
  if (found < (text.match(EVENT_LINE)?.length ?? 0)) throw unsafe();
  return apply(text, edits);
}

/**
 * Lets the objects of a dump follow to a database of another name. The servers write the database's name before stored functions
 * and sequences that a view uses. MariaDB keeps a trigger's statement as it was typed: `CREATE TRIGGER shop.t ON shop.orders` would
 * be made in `shop`, wherever it is loaded. Around objects that were made under another default collation, dumps alter the
 * database's own, by name (F26).
 */
export function followRename(content: Buffer, from: string, to: string): Buffer {
  const text = content.toString('latin1');
  const [source, target] = [from, to].map((name) => Buffer.from(quoteName(name)).toString('latin1'));
  const edits: Edit[] = [];
  for (const statement of splitStatements(text)) {
    const [verb, kind] = kindOf(text, statement);
    if (verb === 'ALTER' && kind === 'DATABASE') {
      const name = [...tokensOf(text, statement)].find((token) => token.text === source);
      if (name) edits.push({ start: name.start, end: name.end, text: target! });
    }
    if (kind === 'TRIGGER') edits.push(...triggerQualifiers([...tokensOf(text, statement)]));
    if (kind === 'VIEW') edits.push(...viewQualifiers([...tokensOf(text, statement)], source!, target!));
  }
  return apply(text, edits);
}

/** The same for the expression of one column's default, as the catalogue has it. */
export function followInExpression(expression: string, from: string, to: string): string {
  const tokens = [...tokensOf(expression, { start: 0, end: expression.length })];
  return applyText(expression, viewQualifiers(tokens, quoteName(from), quoteName(to)));
}

/**
 * Takes out a semicolon that ends the body of a trigger or event: MySQL keeps it when the object was made among several statements
 * of one packet, and its dump then puts it before the end of a version comment, where no server understands it.
 */
export function dropLastSemicolons(content: Buffer): Buffer {
  const text = content.toString('latin1');
  const edits: Edit[] = [];
  for (const statement of splitStatements(text)) {
    const [, kind] = kindOf(text, statement);
    if (kind !== 'TRIGGER' && kind !== 'EVENT') continue;
    const [semicolon, star, slash] = [...tokensOf(text, statement)].slice(-3);
    if (!semicolon || semicolon.text + star?.text + slash?.text !== ';*/') continue;
    edits.push({ start: semicolon.start, end: semicolon.end, text: '' });
  }
  return edits.length > 0 ? apply(text, edits) : content;
}

/** The verb of a statement, and for CREATE, ALTER and the like what it is about. */
function kindOf(text: string, statement: Statement): [verb: string, kind: string | undefined] {
  let verb = '';
  for (const token of tokensOf(text, statement)) {
    if (token.kind !== 'word') continue;
    const word = token.text.toUpperCase();
    if (verb === '') verb = word;
    if (verb !== 'CREATE' && verb !== 'ALTER') return [verb, undefined];
    if (KINDS.has(word)) return [verb, word];
  }
  return [verb, undefined];
}

/** ENABLE or DISABLE at its place in a statement as servers write it: ON COMPLETION [NOT] PRESERVE, before comment and body. */
function eventStatus(text: string, statement: Statement): Token | undefined {
  const last: string[] = [];
  for (const token of tokensOf(text, statement)) {
    if (token.kind !== 'word') {
      last.length = 0;
      continue;
    }
    const phrase = last.join(' ');
    if (phrase.endsWith('ON COMPLETION PRESERVE') || phrase.endsWith('ON COMPLETION NOT PRESERVE')) {
      return isWord(token, 'ENABLE') || isWord(token, 'DISABLE') ? token : undefined;
    }
    if (isWord(token, 'DO')) return undefined;
    last.push(token.text.toUpperCase());
  }
  return undefined;
}

/** The database before a trigger's name and before its table's name, up to the dot: taken out. */
function triggerQualifiers(tokens: readonly Token[]): Edit[] {
  const edits: Edit[] = [];
  let at = tokens.findIndex((token) => isWord(token, 'TRIGGER')) + 1;
  if (isWord(tokens[at], 'IF')) at += 3;
  const takeOut = (place: number) => {
    const [database, dot] = [tokens[place], tokens[place + 1]];
    if (database && dot?.text === '.') edits.push({ start: database.start, end: dot.end, text: '' });
  };
  takeOut(at);
  const on = tokens.findIndex((token, index) => index > at && isWord(token, 'ON'));
  if (on > 0) takeOut(on + 1);
  return edits;
}

/** The old database before functions (`a`.`f`(…), `a`.`package`.`f`(…)) and sequences (nextval(`a`.`s`)): the new one instead. */
function viewQualifiers(tokens: readonly Token[], source: string, target: string): Edit[] {
  const is = (at: number, text: string) => tokens[at]?.text === text;
  return tokens.flatMap((token, at) => {
    if (token.text !== source || !is(at + 1, '.')) return [];
    const isFunction = is(at + 3, '(') || (is(at + 3, '.') && is(at + 5, '('));
    const isSequence =
      is(at - 1, '(') && ['NEXTVAL', 'LASTVAL', 'SETVAL'].some((word) => isWord(tokens[at - 2], word));
    return isFunction || isSequence ? [{ start: token.start, end: token.end, text: target }] : [];
  });
}

function isWord(token: Token | undefined, word: string): boolean {
  return token?.kind === 'word' && token.text.toUpperCase() === word;
}

function apply(text: string, edits: readonly Edit[]): Buffer {
  return Buffer.from(applyText(text, edits), 'latin1');
}

function applyText(text: string, edits: readonly Edit[]): string {
  let result = '';
  let at = 0;
  for (const edit of edits) {
    result += text.slice(at, edit.start) + edit.text;
    at = edit.end;
  }
  return result + text.slice(at);
}

function unsafe(): VyaError {
  return new VyaError(
    'failed',
    'The events of this backup cannot all be switched off, and must not run in a copy',
    {
      hint: 'The part that holds the events was changed or made by another program; leave it out and create the events by hand.',
    },
  );
}
