import type { Account } from '../../../model/accounts.ts';
import type { Definition } from './account-definition.ts';

/** Plugins whose stored text is all that a password or a login needs on another server. */
const KNOWN = new Set([
  'caching_sha2_password',
  'sha256_password',
  'mysql_native_password',
  'mysql_old_password',
  'mysql_no_login',
  'auth_socket',
  'unix_socket',
  'ed25519',
  'parsec',
  'pam',
  'gssapi',
  'named_pipe',
  'authentication_ldap_sasl',
  'authentication_ldap_sasl_client',
  'authentication_ldap_simple',
  'authentication_kerberos',
  'authentication_pam',
  'authentication_windows',
  'authentication_fido',
  'authentication_webauthn',
  'authentication_openid_connect',
  'authentication_oci',
  'AWSAuthenticationPlugin',
]);

/** Why an account was not captured whole; empty: it was. */
export function definitionProblems(captured: {
  definition: Definition | undefined;
  grants: Account['grants'] | undefined;
  plugins: ReadonlySet<string>;
}): string[] {
  const { definition, grants, plugins } = captured;
  const problems: string[] = [];
  if (!definition) problems.push('the server does not tell how it was created');
  if (!grants) problems.push('the server does not tell its privileges');
  const identified = definition?.identified ?? '';
  if (isSecret(identified)) problems.push('its password hash may not be read');
  for (const plugin of pluginsOf(identified)) {
    if (!KNOWN.has(plugin)) {
      problems.push(`it logs in through the plugin ${plugin}, and whether that works elsewhere is not known`);
    } else if (!plugins.has(plugin)) {
      problems.push(`it logs in through the plugin ${plugin}, which the server has not loaded`);
    }
  }
  return problems;
}

/** Whether enough was read to make the account again. */
export function isCaptured(
  definition: Definition | undefined,
  grants: Account['grants'] | undefined,
): boolean {
  return definition !== undefined && grants !== undefined && !isSecret(definition.identified ?? '');
}

/** What stands for a hash that the account may not read. */
function isSecret(identified: string): boolean {
  return identified.includes("'<secret>'");
}

/** The plugins that an IDENTIFIED clause names: MariaDB's after VIA and OR, MySQL's after WITH. */
export function pluginsOf(identified: string): string[] {
  const bare = identified.replaceAll(/\b(?:AS|USING|PASSWORD) '(?:[^'\\]|\\.|'')*'/gs, '');
  return [...bare.matchAll(/\b(?:VIA|OR|WITH) '?([\w-]+)'?/g)].map(([, plugin = '']) => plugin);
}
