import { quoteText } from '../names.ts';
import { type Token, tokensOf } from '../load/statements.ts';

/** The clauses of a CREATE USER statement in the order in which they have to stand. `defaultRole` comes last of all, alone. */
const ORDER = [
  'identified',
  'require',
  'limits',
  'expire',
  'lock',
  'history',
  'reuse',
  'current',
  'failedLogins',
  'attribute',
] as const;

export type ClauseName = (typeof ORDER)[number];
export type Definition = Partial<Record<ClauseName | 'lifetime', string>>;

/** What begins a clause: a word and, where it alone could be part of another clause, the one after it. */
const BEGINNINGS: readonly [name: ClauseName | 'defaultRole', first: string, second?: RegExp][] = [
  ['identified', 'IDENTIFIED'],
  ['defaultRole', 'DEFAULT', /^ROLE$/],
  ['limits', 'WITH', /^MAX_/],
  ['lock', 'ACCOUNT'],
  ['expire', 'PASSWORD', /^EXPIRE$/],
  ['history', 'PASSWORD', /^HISTORY$/],
  ['reuse', 'PASSWORD', /^REUSE$/],
  ['current', 'PASSWORD', /^REQUIRE$/],
  ['failedLogins', 'FAILED_LOGIN_ATTEMPTS'],
  ['attribute', 'ATTRIBUTE'],
];

/** The clauses of what SHOW CREATE USER prints, less the default roles, and less what says nothing. */
export function splitDefinition(text: string): Definition {
  const tokens = [...tokensOf(text, { start: 0, end: text.length })];
  const begun: { name: ClauseName | 'defaultRole'; start: number }[] = [];
  for (const [index, token] of tokens.entries()) {
    const name = clauseAt(tokens, index);
    // Several factors are one clause: IDENTIFIED … AND IDENTIFIED …
    if (name !== undefined && begun.at(-1)?.name !== name) begun.push({ name, start: token.start });
  }
  const clauses: Partial<Record<ClauseName | 'defaultRole', string>> = {};
  for (const [index, { name, start }] of begun.entries()) {
    clauses[name] = text.slice(start, begun[index + 1]?.start ?? text.length).trim();
  }
  const { defaultRole: _, limits, attribute, ...rest } = clauses;
  const said = limits === undefined ? '' : limitsClause(limitsIn(limits));
  return {
    ...rest,
    ...(said ? { limits: said } : {}),
    ...(attribute && attribute !== "ATTRIBUTE '{}'" ? { attribute } : {}),
  };
}

function clauseAt(tokens: readonly Token[], index: number): ClauseName | 'defaultRole' | undefined {
  const [before, token, after] = [tokens[index - 1]?.text, tokens[index], tokens[index + 1]?.text ?? ''];
  if (token?.kind !== 'word') return undefined;
  // PASSWORD REQUIRE CURRENT is a clause of its own.
  if (token.text === 'REQUIRE' && before !== 'PASSWORD') return 'require';
  return BEGINNINGS.find(([, first, second]) => token.text === first && (second?.test(after) ?? true))?.[0];
}

/** The limits of a clause that are not 0. */
function limitsIn(clause: string): Map<string, string> {
  const found = [...clause.matchAll(/\b(MAX_[A-Z_]+) ([\d.]+)/g)];
  return new Map(found.flatMap(([, name = '', value = '0']) => (Number(value) === 0 ? [] : [[name, value]])));
}

function limitsClause(limits: ReadonlyMap<string, string>): string {
  return limits.size === 0 ? '' : `WITH ${[...limits].map(([name, value]) => `${name} ${value}`).join(' ')}`;
}

/** The clauses one after the other, for CREATE USER. */
export function joinClauses(definition: Definition): string {
  return ORDER.flatMap((name) => definition[name] ?? []).join(' ');
}

/** The clauses that turn `present` into `wanted` when ALTER USER takes them; empty: nothing differs. */
export function differingClauses(wanted: Definition, present: Definition): Definition {
  const clauses: Definition = {};
  for (const name of ORDER) {
    if (wanted[name] === present[name]) continue;
    clauses[name] =
      name === 'limits' || name === 'attribute'
        ? merged[name](wanted[name], present[name])
        : (wanted[name] ?? cleared[name]);
  }
  // A new password is not expired, whatever was before.
  if (clauses.identified !== undefined) clauses.expire ??= wanted.expire ?? cleared.expire;
  return clauses;
}

/** What takes a clause back that is no longer wanted. */
const cleared: Record<Exclude<ClauseName, 'limits' | 'attribute'>, string> = {
  identified: "IDENTIFIED VIA mysql_native_password USING ''",
  require: 'REQUIRE NONE',
  expire: 'PASSWORD EXPIRE DEFAULT',
  lock: 'ACCOUNT UNLOCK',
  history: 'PASSWORD HISTORY DEFAULT',
  reuse: 'PASSWORD REUSE INTERVAL DEFAULT',
  current: 'PASSWORD REQUIRE CURRENT DEFAULT',
  failedLogins: 'FAILED_LOGIN_ATTEMPTS 0 PASSWORD_LOCK_TIME 0',
};

/** Clauses whose parts stay unless they are named: what is no longer wanted is set to nothing. */
const merged = {
  limits(wanted = '', present = ''): string {
    const none = [...limitsIn(present).keys()].map((name): [string, string] => [name, '0']);
    return limitsClause(new Map([...none, ...limitsIn(wanted)]));
  },
  attribute(wanted = '', present = ''): string {
    const [want, had] = [attributesIn(wanted), attributesIn(present)];
    if (!want || !had) return wanted;
    const none = Object.keys(had).map((key): [string, unknown] => [key, null]);
    return `ATTRIBUTE ${quoteText(JSON.stringify({ ...Object.fromEntries(none), ...want }))}`;
  },
};

/** What cannot be understood is left to the server, as it stands. */
function attributesIn(clause: string): Record<string, unknown> | undefined {
  const text = /^ATTRIBUTE '(.*)'$/s.exec(clause)?.[1] ?? '{}';
  try {
    return JSON.parse(text.replaceAll(/\\(.)|''/gs, (_all, escaped?: string) => escaped ?? "'")) as Record<
      string,
      unknown
    >;
  } catch {
    return undefined;
  }
}

/** A clause without hashes: every quoted or hexadecimal value in IDENTIFIED but the plugin's name. */
export function withoutSecrets(definition: Definition): Definition {
  const { identified } = definition;
  if (identified === undefined) return definition;
  const shown = identified.replaceAll(
    /\b(AS|USING|PASSWORD) (?:0x[0-9A-F]*|'(?:[^'\\]|\\.|'')*')/gis,
    "$1 '…'",
  );
  return { ...definition, identified: shown };
}
