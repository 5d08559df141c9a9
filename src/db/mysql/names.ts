/** A name as an identifier: between backticks, whatever it holds. */
export function quoteName(name: string): string {
  return `\`${name.replaceAll('`', '``')}\``;
}

/** `\`database\`.\`name\`` */
export function qualified(database: string, name: string): string {
  return `${quoteName(database)}.${quoteName(name)}`;
}

/** A text literal for sessions without NO_BACKSLASH_ESCAPES, which all of vya's are. */
export function quoteText(text: string): string {
  return `'${text.replaceAll('\\', '\\\\').replaceAll("'", "''")}'`;
}

/** `user@host` as the catalogue has it, in the form that GRANT takes: `'user'@'host'`. A role has no host. */
export function quoteAccount(account: string): string {
  const at = account.lastIndexOf('@');
  const [user, host] = at < 0 ? [account, ''] : [account.slice(0, at), account.slice(at + 1)];
  return host === '' ? quoteText(user) : `${quoteText(user)}@${quoteText(host)}`;
}
