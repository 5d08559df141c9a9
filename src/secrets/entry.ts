import { VyaError } from '../errors.ts';
import type { EncryptedCredential, EncryptedCredentials } from './credentials-file.ts';
import { decryptDict } from './crypt.ts';
import { verifyToken, type FernetFault, type FernetKey } from './fernet.ts';
import { describeKey, type SecretKey } from './host-key.ts';

/** A login in clear. */
export interface Credential {
  username: string;
  password: string;
}

/** The credentials file and the key that belongs to it. */
export interface CredentialStore {
  path: string;
  key: SecretKey;
}

/** Whether both values of an entry decrypt with a key. */
export function isReadable(key: FernetKey, entry: EncryptedCredential): boolean {
  return faultOf(key, entry.username) === undefined && faultOf(key, entry.password) === undefined;
}

/**
 * Refuses a file of which nothing decrypts: it was encrypted elsewhere, and is neither read any further nor overwritten.
 *
 * @throws VyaError `credentials`
 */
export function requireOwnKey({ path, key }: CredentialStore, file: EncryptedCredentials): void {
  const tokens = [...file.values()].flatMap(({ username, password }) => [username, password]);
  const faults = tokens.map((token) => faultOf(key.key, token));
  if (tokens.length === 0 || faults.includes(undefined)) return;
  if (faults.every((fault) => fault === 'malformed')) {
    throw new VyaError(
      'credentials',
      `Nothing in ${path} is a Fernet token: it was damaged, or never encrypted`,
      {
        hint: 'Move it away. One with passwords in clear comes in with `vya credentials import FILE`; otherwise bring back a copy of it.',
      },
    );
  }
  throw new VyaError('credentials', `Nothing in ${path} decrypts with ${describeKey(key)}`, {
    hint:
      key.source.kind === 'hostname'
        ? 'The host name may have changed, or the file comes from another host: vya credentials rekey --old-hostname NAME'
        : 'It was encrypted with another key: vya credentials rekey --old-hostname NAME, or --old-key-file PATH',
  });
}

/**
 * The login of one entry of a file that belongs to this key: a token that still does not decrypt was changed since.
 *
 * @throws VyaError `credentials`
 */
export function decryptEntry(
  { path, key }: CredentialStore,
  id: string,
  entry: EncryptedCredential,
): Credential {
  for (const part of ['username', 'password'] as const) {
    const fault = faultOf(key.key, entry[part]);
    if (fault) throw unreadable(`The ${part} of the credential ${id} in ${path}`, id, fault);
  }
  return decryptDict({ ...entry }, key.key);
}

function unreadable(what: string, id: string, fault: FernetFault): VyaError {
  const again = `vya credentials set ${id} --username NAME`;
  if (fault === 'malformed') {
    return new VyaError('credentials', `${what} is not a Fernet token: it was damaged, or never encrypted`, {
      hint: `Store it again: ${again}. A file with passwords in clear comes in with vya credentials import.`,
    });
  }
  return new VyaError(
    'credentials',
    `${what} was tampered with, or damaged: other values there decrypt, this one does not`,
    {
      hint: `Find out who changed the file, then store it again: ${again}`,
    },
  );
}

function faultOf(key: FernetKey, token: string): FernetFault | undefined {
  const result = verifyToken(key, token);
  return result.ok ? undefined : result.fault;
}
