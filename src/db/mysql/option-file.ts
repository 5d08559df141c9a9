import { VyaError } from '../../errors.ts';
import type { InstanceTarget } from '../../model/instance.ts';
import type { ClientProgram } from '../client-program.ts';
import { certificateCheck, systemCertificates } from '../tls.ts';

/** One line of an option file: a name alone, or with a value. */
export type Option = readonly [name: string, value?: string | number];

/** The clients read lines into a buffer of 4096 bytes and take the rest of a longer line for the next option. */
const LONGEST_LINE = 4_000;

/**
 * The option file that `program` reaches the server with, as the metadata session does: nothing else is read beside it (F3, F44).
 * `encrypted` tells whether the metadata session is, which decides what `prefer` means. `dumpOptions` are read by the dump alone.
 *
 * @throws VyaError `configuration` for values that an option file cannot hold
 */
export function optionFile(
  target: InstanceTarget,
  encrypted: boolean,
  program: ClientProgram,
  dumpOptions: readonly Option[] = [],
): string {
  const { endpoint } = target;
  const place: Option[] =
    'socket' in endpoint
      ? [
          ['protocol', 'socket'],
          ['socket', endpoint.socket],
        ]
      : [
          ['protocol', 'tcp'],
          ['host', endpoint.host],
          ['port', endpoint.port],
        ];
  const options: Option[] = [
    ['user', target.user],
    // Without a line the client would not ask, but it would look into other places.
    ['password', target.password ?? ''],
    ...place,
    ...tlsOptions(target, encrypted, program),
    ['default-character-set', 'utf8mb4'],
    ['max-allowed-packet', '1G'],
  ];
  const sections = [section('client', options)];
  if (dumpOptions.length > 0) sections.push(section('mysqldump', dumpOptions));
  return sections.join('');
}

function section(name: string, options: readonly Option[]): string {
  return [`[${name}]`, ...options.map(line), ''].join('\n');
}

function line([name, value]: Option): string {
  const text = value === undefined ? name : `${name}=${quoteValue(String(value))}`;
  if (Buffer.byteLength(text) <= LONGEST_LINE) return text;
  throw new VyaError('configuration', `${name} is too long for the client programs of MySQL and MariaDB`, {
    hint: `They read at most ${LONGEST_LINE} bytes.`,
  });
}

/**
 * A value as the clients' parser reads it back unchanged: in double quotes, because `#` starts a comment and spaces are cut
 * elsewhere, with its escapes (MySQL manual, "Using Option Files").
 */
export function quoteValue(value: string): string {
  if (value.includes('\0')) {
    throw new VyaError(
      'configuration',
      'A setting holds a zero byte, which the client programs cannot be given',
      {
        hint: 'Correct user, password, host, socket or certificate path of this instance.',
      },
    );
  }
  const escapes: Record<string, string> = {
    '\\': '\\\\',
    '"': '\\"',
    '\n': '\\n',
    '\r': '\\r',
    '\t': '\\t',
    '\b': '\\b',
  };
  return `"${value.replaceAll(/[\\"\n\r\t\b]/g, (character) => escapes[character] ?? character)}"`;
}

function tlsOptions(target: InstanceTarget, encrypted: boolean, program: ClientProgram): Option[] {
  const known = (options: readonly Option[]) =>
    options.filter(([name]) => program.options.has(name.replace(/^skip-/, '')));
  const check = certificateCheck(target.tls);
  const { mode, cert, key } = target.tls;
  const ca = target.tls.ca ?? systemCertificates();
  const own: Option[] = [
    ...(check !== 'none' && ca !== undefined ? [['ssl-ca', ca] as const] : []),
    ...(cert === undefined ? [] : [['ssl-cert', cert] as const]),
    ...(key === undefined ? [] : [['ssl-key', key] as const]),
  ];
  const off = mode === 'disable' || (mode === 'prefer' && !encrypted);
  if (program.options.has('ssl-mode')) {
    const word = off ? 'DISABLED' : { none: 'REQUIRED', chain: 'VERIFY_CA', name: 'VERIFY_IDENTITY' }[check];
    // Without TLS a cold cache of caching_sha2_password asks for the server's key to encrypt the password with (F46).
    return [['ssl-mode', word], ...(off ? known([['get-server-public-key']]) : own)];
  }
  if (off) return known([['skip-ssl'], ['skip-ssl-verify-server-cert']]);
  // MariaDB's clients check the chain and the name together or nothing: `verify-ca` checks more here than it promises, and the
  // metadata session does the same. Their `ssl` alone falls back to a plain connection, but only after the metadata session, which
  // does not, has got its TLS.
  return [
    ['ssl'],
    ...(check === 'none' ? known([['skip-ssl-verify-server-cert']]) : [['ssl-verify-server-cert'] as const]),
    ...own,
  ];
}
