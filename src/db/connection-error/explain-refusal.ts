import type { InstanceTarget } from '../../model/instance.ts';
import { shellWord } from '../../model/shell-word.ts';
import type { Attempt, Explanation } from './attempt.ts';

const refusals = new Set([
  '28P01',
  '28000',
  'ER_ACCESS_DENIED_ERROR',
  'ER_ACCESS_DENIED_NO_PASSWORD_ERROR',
  'ER_HOST_NOT_PRIVILEGED',
  'ER_MUST_CHANGE_PASSWORD_LOGIN',
  'ER_MUST_CHANGE_PASSWORD',
]);

/** Why a login was refused: the account, its password, or from where it comes. */
export function explainRefusal(attempt: Attempt): Explanation | undefined {
  const { target, code, text } = attempt;
  if (/account is locked/i.test(text))
    return denied(target, 'the account is locked', 'Let an administrator unlock the account.');
  if (/password must be a (non-empty )?string|Cannot read properties of (null|undefined)/.test(text)) {
    return {
      what: `the server asks for a password for user ${target.user}, and there is none`,
      hint: passwordHint(target),
    };
  }
  if (!refusals.has(code)) return undefined;
  const explained = target.type === 'mysql' ? explainMysql(attempt) : explainPostgresql(attempt);
  return explained ?? denied(target, text, passwordHint(target));
}

function explainMysql({ target, code, text }: Attempt): Explanation | undefined {
  const { user } = target;
  const from = /'@'([^']*)'/.exec(text)?.[1];
  // 1698: the account logs in by a plugin that looks at the operating system's user (unix_socket, auth_socket).
  if (code === 'ER_ACCESS_DENIED_NO_PASSWORD_ERROR') {
    return denied(
      target,
      'the account logs in by the operating system user, through the Unix socket, and by no password',
      `Give vya an account of its own: CREATE USER backup@localhost IDENTIFIED BY '…'; or run it as the system's user ${user}, with socket and user: ${user} in the configuration.`,
    );
  }
  if (code !== 'ER_ACCESS_DENIED_ERROR' || from === undefined) return undefined;
  if (target.password === undefined) {
    return denied(
      target,
      `the account wants a password, or another user of the operating system`,
      passwordHint(target),
    );
  }
  const tls = target.tls.mode === 'disable' ? ' An account with REQUIRE SSL needs another ssl.mode.' : '';
  return denied(
    target,
    `the password is wrong, or there is no such account for ${from}`,
    `${passwordHint(target)}\nMySQL's accounts are of a user and the host that it comes from: CREATE USER ${sqlText(user)}@${sqlText(from)} …${tls}`,
  );
}

function explainPostgresql({ target, code, text }: Attempt): Explanation | undefined {
  const { user } = target;
  const entry = /no pg_hba\.conf entry for host "([^"]*)"/.exec(text)?.[1];
  if (/no pg_hba\.conf entry/.test(text)) {
    const place =
      entry === undefined || entry === '[local]' ? '' : `  ${entry}/${entry.includes(':') ? 128 : 32}`;
    const line = `${place ? 'host ' : 'local'}  all  ${user}${place}  scram-sha-256`;
    return denied(
      target,
      text,
      `Let an administrator add this line to pg_hba.conf, then run SELECT pg_reload_conf();\n  ${line}`,
    );
  }
  if (/(Peer|Ident) authentication/i.test(text)) {
    return denied(
      target,
      text,
      `Run vya as the operating system's user ${user} (sudo -u ${shellWord(user)} vya …), or log in by a password: set host instead of socket, without user, and ${storeCommand(target)}`,
    );
  }
  if (/role "[^"]*" does not exist/.test(text)) {
    const role = `"${user.replaceAll('"', '""')}"`;
    return denied(
      target,
      'there is no such role',
      `Let an administrator run: CREATE ROLE ${role} LOGIN; GRANT pg_read_all_data TO ${role};`,
    );
  }
  if (code === '28P01')
    return denied(target, 'the password is wrong, or there is no such role', passwordHint(target));
  return undefined;
}

function denied({ user }: InstanceTarget, why: string, hint: string): Explanation {
  return { what: `access denied for user ${user}: ${why}`, hint };
}

/** A login by `user` alone has no credential: it has to be told to take one. */
function passwordHint(target: InstanceTarget): string {
  if (target.password !== undefined) return `Store another password: ${storeCommand(target)}`;
  return `Take user out of ${target.id} in the configuration, and store a password: ${storeCommand(target)}`;
}

function storeCommand({ id, credential = id, user }: InstanceTarget): string {
  return `vya credentials set ${shellWord(credential)} --username ${shellWord(user)}`;
}

function sqlText(text: string): string {
  return `'${text.replaceAll(/['\\]/g, String.raw`\$&`)}'`;
}
