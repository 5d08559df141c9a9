import type { Account } from '../../model/accounts.ts';

/** How many grants a summary names. */
const mostNamed = 3;

/** `SELECT on shop.*; ALL on *.*`, or PostgreSQL's attributes. */
export function privilegesInShort({ attributes, grants }: Account): string {
  if (attributes) return attributesInShort(attributes);
  const named = grants.map(({ on, privileges, grantable, revoked }) => {
    const list =
      privileges.length > mostNamed ? `${privileges.length} privileges` : privileges.join(', ') || 'USAGE';
    const words = list === 'ALL PRIVILEGES' ? 'ALL' : list;
    return `${revoked ? 'not ' : ''}${words} on ${on.replaceAll('`', '')}${grantable ? ' (may grant)' : ''}`;
  });
  const rest = named.length - mostNamed;
  return named.slice(0, mostNamed).join('; ') + (rest > 0 ? `; ${rest} more` : '');
}

function attributesInShort(attributes: NonNullable<Account['attributes']>): string {
  const { superuser, createRole, createDatabase, replication, bypassRls, login, inherit } = attributes;
  const words = {
    SUPERUSER: superuser,
    CREATEROLE: createRole,
    CREATEDB: createDatabase,
    REPLICATION: replication,
    BYPASSRLS: bypassRls,
    LOGIN: login,
    NOINHERIT: !inherit,
  };
  return Object.entries(words)
    .flatMap(([word, holds]) => (holds ? [word] : []))
    .join(' ');
}

/** The roles that an account is in; `*` marks those that it may pass on. */
export function rolesInShort({ memberships }: Account): string {
  const names = memberships.map(({ role, admin }) => `${withoutQuotes(role)}${admin ? '*' : ''}`);
  return [...new Set(names)].join(', ');
}

/** `'app'@'%'` is app@%, and MySQL's roles are on every host unless they say otherwise. */
function withoutQuotes(name: string): string {
  return name
    .replaceAll(/'((?:[^'\\]|\\.|'')*)'/gs, (_all, text: string) => text.replaceAll("''", "'"))
    .replace(/@%$/, '');
}
