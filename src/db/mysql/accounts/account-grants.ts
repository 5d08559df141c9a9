import type { AccountGrant } from '../../../model/accounts.ts';
import { type Token, tokensOf } from '../load/statements.ts';

/** One line of SHOW GRANTS, and whom it is about, as the line has it: between backticks. */
export interface GrantLine extends AccountGrant {
  grantee: string;
}

/**
 * Reads one line of SHOW GRANTS. Undefined for what grants nothing on an object: roles, default roles, USAGE alone. What MariaDB
 * repeats there of the account's password and limits is passed over.
 */
export function parseGrantLine(line: string): GrantLine | undefined {
  const tokens = [...tokensOf(line, { start: 0, end: line.length })];
  const on = topLevel(tokens, 'ON');
  const to = topLevel(tokens, tokens[0]?.text === 'REVOKE' ? 'FROM' : 'TO', on);
  if (on < 1 || to < 0 || !['GRANT', 'REVOKE'].includes(tokens[0]?.text ?? '')) return undefined;
  const between = (from: number, until: number): string =>
    line.slice(tokens[from]?.end ?? 0, tokens[until]?.start ?? line.length).trim();
  const privileges = splitPrivileges(between(0, on)).filter((privilege) => privilege !== 'USAGE');
  const isAccount = tokens[to + 2]?.text === '@';
  const end = to + (isAccount ? 4 : 2);
  const grantable = tokens.some(
    ({ kind, text }, index) =>
      index >= end && kind === 'word' && text === 'GRANT' && tokens[index + 1]?.text === 'OPTION',
  );
  if (privileges.length === 0 && !grantable) return undefined;
  return {
    grantee: between(to, end),
    on: between(on, to),
    privileges,
    grantable,
    revoked: tokens[0]?.text === 'REVOKE',
  };
}

/** The index of a word outside of parentheses, from `start` on; -1 where there is none. */
function topLevel(tokens: readonly Token[], word: string, start = 0): number {
  let depth = 0;
  return tokens.findIndex(({ kind, text }, index) => {
    if (text === '(') depth += 1;
    if (text === ')') depth -= 1;
    return index >= start && depth === 0 && kind === 'word' && text === word;
  });
}

/** `SELECT (a, b), UPDATE` is SELECT on a, SELECT on b, and UPDATE. */
function splitPrivileges(list: string): string[] {
  return splitAtCommas(list).flatMap((item) => {
    const columns = /^([A-Z ]+?)\s*\((.*)\)$/s.exec(item);
    if (!columns) return [item];
    const [, privilege = '', names = ''] = columns;
    return splitAtCommas(names).map((name) => `${privilege} (${name})`);
  });
}

function splitAtCommas(list: string): string[] {
  const items: string[] = [];
  let [start, depth] = [0, 0];
  for (const { kind, text, start: at, end } of tokensOf(list, { start: 0, end: list.length })) {
    if (kind !== 'symbol') continue;
    if (text === '(') depth += 1;
    if (text === ')') depth -= 1;
    if (text !== ',' || depth > 0) continue;
    items.push(list.slice(start, at).trim());
    start = end;
  }
  return [...items, list.slice(start).trim()];
}

/** Privileges as GRANT takes them: the columns of one privilege together. */
export function joinPrivileges(privileges: readonly string[]): string {
  const columns = new Map<string, string[]>();
  const whole: string[] = [];
  for (const privilege of privileges) {
    const match = /^([A-Z ]+?) \((.*)\)$/s.exec(privilege);
    if (!match) whole.push(privilege);
    else columns.set(match[1]!, [...(columns.get(match[1]!) ?? []), match[2]!]);
  }
  return [...whole, ...[...columns].map(([privilege, names]) => `${privilege} (${names.join(', ')})`)].join(
    ', ',
  );
}
