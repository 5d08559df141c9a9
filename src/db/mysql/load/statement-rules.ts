import { type HeadToken, headLimit, type ScanEvents, StatementScanner } from './statement-scanner.ts';

/** What a part of a backup may hold. */
export interface DumpRules {
  /** The database that the dump was made of: it may be named before its own triggers. */
  source: string;
  /** The part holds tables and rows alone, no code: then it is read so strictly that no statement can hide. */
  onlyTables: boolean;
}

/** Why a dump is not loaded. */
export class Refusal extends Error {}

/** Character sets in which no byte of a longer character is a quote or a backslash. */
const plainSets = /^(utf8|utf8mb3|utf8mb4|latin1|binary|ascii)$/i;
/** The sql_mode in which both flavours' dumps of tables are written. */
const tablesMode = "'NO_AUTO_VALUE_ON_ZERO'";
/** Words that make a SET reach further than the session. */
const farReaching = new Set(['GLOBAL', 'PERSIST', 'PERSIST_ONLY', 'PASSWORD', 'ROLE', 'RESOURCE']);
const tableKinds = new Set(['TABLE', 'SEQUENCE']);
const codeKinds = new Set(['VIEW', 'TRIGGER', 'FUNCTION', 'PROCEDURE', 'EVENT', 'PACKAGE', ...tableKinds]);
/** What the statements of a part without code begin with. */
const verbs = new Set([
  'SET',
  'INSERT',
  'CREATE',
  'DROP',
  'ALTER',
  'DO',
  'SELECT',
  'COMMIT',
  'UNLOCK',
  'LOCK',
  'START',
]);
/** Words before or after what a CREATE or DROP makes, which are no name. */
const fillers = new Set(['IF', 'NOT', 'EXISTS', 'BODY']);

/**
 * A scanner that throws a Refusal at the first statement that no dump of one database holds: whatever could write elsewhere or
 * change the server. A load runs with an administrator's account, and `USE other` in a dump has cost people their data (F26).
 */
export function strictScanner(rules: DumpRules): StatementScanner {
  let modeIsKnown = false;
  const events: ScanEvents = {
    // A client program takes some words at the beginning of a line for commands of its own, and waits for no delimiter.
    begin({ text }) {
      if (rules.onlyTables && !verbs.has(text.toUpperCase())) throw refuse([text]);
    },
    statement(head) {
      const words = head.map(({ kind, text }) => (kind === 'word' ? text.toUpperCase() : text));
      if (rules.onlyTables) assertOneReading(head);
      if (words[0] === 'SET') {
        const mode = assertSet(head, words, rules);
        if (mode === undefined) return;
        modeIsKnown = mode === tablesMode;
        scanner.options = { plainBackslashes: !rules.onlyTables && mode.includes('NO_BACKSLASH_ESCAPES') };
        return;
      }
      if (rules.onlyTables && !modeIsKnown) throw refuse(words, 'before or after its sql_mode is set');
      assertAllowed(head, words, rules);
    },
    oddity(what) {
      if (rules.onlyTables) throw new Refusal(`holds ${what}`);
    },
  };
  const scanner = new StatementScanner(events);
  return scanner;
}

/**
 * A comment for some versions is part of the statement for some servers and not for others: its beginning has to be the same
 * statement for all.
 */
function assertOneReading(head: readonly HeadToken[]): void {
  const first = head[0]?.comment ?? 0;
  const until = first > 0 ? head.length : Math.min(head.length, 8);
  const beginning = head.slice(0, until).findIndex(({ kind, text }) => kind === 'symbol' && text === '(');
  const checked = head.slice(0, first > 0 || beginning < 0 ? until : beginning);
  if (checked.some(({ comment }) => comment !== first)) {
    throw refuse(
      head.map(({ text }) => text),
      'which some servers would read otherwise',
    );
  }
}

/** Returns the sql_mode that the statement sets, if it sets it. */
function assertSet(
  head: readonly HeadToken[],
  words: readonly string[],
  { onlyTables }: DumpRules,
): string | undefined {
  const odd = head.some(
    ({ kind, text }) =>
      (kind === 'symbol' && text === '(') || (kind === 'quoted' && !/^['"`][\w+:,/ -]*['"`]$/.test(text)),
  );
  if (odd || head.length === headLimit || words.some((word) => farReaching.has(word))) throw refuse(words);
  let mode: string | undefined;
  for (const { name, value } of assignmentsOf(words)) {
    if (name === 'SQL_MODE') mode = value;
    if (!onlyTables) continue;
    const isVariable = value.startsWith('@');
    if (name === 'SQL_MODE' && value !== tablesMode && !isVariable) throw refuse(words);
    if (/^(NAMES|CHARACTER_SET_CLIENT|CHARSET)$/.test(name) && !isVariable && !plainSets.test(value))
      throw refuse(words);
    if (name.startsWith('@') && !name.startsWith('@@') && !value.startsWith('@@')) throw refuse(words);
  }
  return mode;
}

/** `SET a = 1, @b = @@c` as names and values; `SET NAMES utf8mb4` as one of each. */
function assignmentsOf(words: readonly string[]): { name: string; value: string }[] {
  const assignments: { name: string; value: string }[] = [];
  let current = { name: '', value: '', named: false };
  for (const word of [...words.slice(1), ',']) {
    if (word === ',') {
      assignments.push({ name: current.name.replace(/^@@(SESSION\.|LOCAL\.)?/, ''), value: current.value });
      current = { name: '', value: '', named: false };
    } else if (word === '=' || (word === ':' && !current.named)) current.named = true;
    else if (current.name === 'NAMES' || current.named) current.value += word;
    else if (word !== 'SESSION' && word !== 'LOCAL') current.name += word;
  }
  return assignments;
}

function assertAllowed(head: readonly HeadToken[], words: readonly string[], rules: DumpRules): void {
  const [verb, second] = words;
  if (verb === 'INSERT') {
    const into = words.indexOf('INTO');
    if (into < 1 || into > 3) throw refuse(words);
    return assertOwn(head, words, into + 1, rules, false);
  }
  if (verb === 'CREATE' || verb === 'DROP') return assertMakes(head, words, rules);
  if (verb === 'ALTER' && second === 'TABLE' && words[4] === 'KEYS' && /^(EN|DIS)ABLE$/.test(words[3] ?? ''))
    return;
  if (verb === 'ALTER' && second === 'DATABASE' && !rules.onlyTables)
    return assertOwn(head, words, 2, rules, true);
  if ((verb === 'DO' || verb === 'SELECT') && second === 'SETVAL')
    return assertOwn(head, words, 3, rules, false);
  if (/^(COMMIT|UNLOCK|LOCK)$/.test(verb ?? '') || (verb === 'START' && second === 'TRANSACTION')) return;
  throw refuse(words);
}

function assertMakes(head: readonly HeadToken[], words: readonly string[], rules: DumpRules): void {
  const kinds = rules.onlyTables ? tableKinds : codeKinds;
  const at = words.findIndex((word, index) => head[index]?.kind === 'word' && codeKinds.has(word));
  const kind = words[at] ?? '';
  const isPlaceholder = words[0] === 'DROP' && (kind === 'VIEW' || kind === 'TABLE');
  if (at < 0 || !kinds.has(kind) || (words[0] === 'DROP' && (rules.onlyTables || !isPlaceholder)))
    throw refuse(words);
  let name = at + 1;
  while (head[name]?.kind === 'word' && fillers.has(words[name]!)) name += 1;
  assertOwn(head, words, name, rules, kind === 'TRIGGER');
  const on = words.indexOf('ON', name);
  if (kind === 'TRIGGER' && on > 0) assertOwn(head, words, on + 1, rules, true);
}

/** What stands at `at` is an object without its database, or where that is usual, with the dump's own. */
function assertOwn(
  head: readonly HeadToken[],
  words: readonly string[],
  at: number,
  rules: DumpRules,
  qualified: boolean,
): void {
  const name = head[at];
  if (!name || (name.kind === 'symbol' && name.text !== '.')) throw refuse(words);
  const isDatabase = words[0] === 'ALTER';
  if (name.text === '.' || (!isDatabase && words[at + 1] !== '.')) {
    if (name.text === '.') throw refuse(words);
    return;
  }
  if (!qualified || unquoted(name) !== rules.source) throw refuse(words, 'of another database');
}

function unquoted({ kind, text }: HeadToken): string {
  const raw = Buffer.from(text, 'latin1').toString('utf8');
  if (kind !== 'quoted') return raw;
  const quote = raw[0]!;
  return raw.slice(1, -1).replaceAll(quote + quote, quote);
}

/** Names no values: in an INSERT those are rows. */
function refuse(words: readonly string[], why = 'which no dump of one database holds'): Refusal {
  const shown = words.slice(0, 4).filter((word) => !/^['"]/.test(word));
  const text = Buffer.from(shown.join(' '), 'latin1').toString('utf8');
  return new Refusal(`holds the statement “${text.slice(0, 120)} …”, ${why}`);
}
