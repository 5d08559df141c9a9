import type { Attempt, Explanation } from './attempt.ts';
import { explainRefusal } from './explain-refusal.ts';

/** Why a server that answers does not let the account in, or not into the database. */
export function explainLogin(attempt: Attempt): Explanation | undefined {
  const { target, database, code, text } = attempt;
  const { user } = target;
  const plugin = /unknown plugin ([\w-]+)/.exec(text)?.[1];
  if (plugin !== undefined) {
    return {
      what: `the account ${user} logs in by ${plugin}, which the driver (mysql2) cannot do`,
      hint: 'Give vya an account that logs in by mysql_native_password, caching_sha2_password or a password-less Unix socket.',
    };
  }
  const refusal = explainRefusal(attempt);
  if (refusal) return refusal;
  switch (code) {
    case '3D000':
    case 'ER_BAD_DB_ERROR':
      return {
        what: `there is no database ${database ?? user}`,
        hint: 'vya check shows the databases that the server has.',
      };
    case '42501':
      return {
        kind: 'privileges',
        what: `user ${user} may not connect to the database ${database ?? ''}`,
        hint: `Let an administrator run: GRANT CONNECT ON DATABASE ${quoted(database ?? '')} TO ${quoted(user)};`,
      };
    case 'ER_DBACCESS_DENIED_ERROR':
      return {
        kind: 'privileges',
        what: `user ${user} may not use the database ${database ?? ''}: ${text}`,
        hint: 'Let an administrator grant the account what it needs there; vya check names it.',
      };
    case '55000':
      return { what: text, hint: 'ALTER DATABASE … ALLOW_CONNECTIONS true opens it again.' };
    case '53300':
    case 'ER_CON_COUNT_ERROR':
    case 'ER_TOO_MANY_USER_CONNECTIONS':
    case 'ER_USER_LIMIT_REACHED':
      return {
        what: `the server has no connection left: ${text}`,
        hint: 'Try again later, or raise max_connections of the server (or the limit of the account).',
      };
    case '57P03':
      return { what: text, hint: 'Try again when the server has started.' };
    case 'ER_SECURE_TRANSPORT_REQUIRED':
      return {
        what: 'the server takes encrypted connections only',
        hint: `Set ssl: { mode: require } or stricter for ${target.id} in the configuration.`,
      };
  }
  return undefined;
}

function quoted(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}
