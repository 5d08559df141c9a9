import { type Definition, splitDefinition } from './account-definition.ts';
import { quoteText } from '../names.ts';
import { type Ask, attempt } from '../query.ts';

/** An account in the server's own table. */
export interface AccountRow {
  user: string;
  host: string;
  plugin: string;
  locked: string | null;
  expired: string;
  /** MariaDB. */
  isRole?: string;
  defaultRole?: string | null;
  /** MySQL. */
  hashLength?: number | string | null;
  subject?: string;
  issuer?: string;
  cipher?: string;
  secondPassword?: string | null;
}

/** The clauses of an account, or undefined where the server does not tell them. */
export async function readDefinition(
  ask: Ask,
  name: string,
  row: AccountRow,
): Promise<Definition | undefined> {
  const found = await attempt(() => ask<Record<string, string>>(`SHOW CREATE USER ${name}`));
  const [first, second] = found?.map((line) => Object.values(line)[0] ?? '') ?? [];
  if (first === undefined) return undefined;
  const definition = splitDefinition(quoteCertificate(first, row));
  // MariaDB tells of a password that is expired and of its lifetime in two statements.
  const lifetime = second === undefined ? undefined : splitDefinition(second).expire;
  return lifetime === undefined ? definition : { ...definition, lifetime };
}

/** MySQL prints subject, issuer and cipher between quotes without escaping what is in them. */
function quoteCertificate(text: string, { subject = '', issuer = '', cipher = '' }: AccountRow): string {
  let quoted = text;
  for (const [word, value] of Object.entries({ SUBJECT: subject, ISSUER: issuer, CIPHER: cipher })) {
    if (/['\\]/.test(value))
      quoted = quoted.replace(`${word} '${value}'`, () => `${word} ${quoteText(value)}`);
  }
  return quoted;
}
