import { VyaError } from '../errors.ts';
import { nearest } from '../model/nearest.ts';
import { idPattern, idText } from '../model/id.ts';
import { readCredentialsFile, writeCredentialsFile, type EncryptedCredentials } from './credentials-file.ts';
import { decryptDict, encryptDict } from './crypt.ts';
import { decryptEntry, isReadable, requireOwnKey, type Credential, type CredentialStore } from './entry.ts';
import { verifyToken } from './fernet.ts';
import { describeKey, type SecretKey } from './host-key.ts';

export interface CredentialSummary {
  id: string;
  /** Absent where it does not decrypt with this key. */
  username?: string;
}

/**
 * One credential, decrypted; undefined when the file, or the credential in it, does not exist.
 *
 * @throws VyaError `credentials` when the file is not safe or not readable, was encrypted elsewhere, or was tampered with
 */
export async function findCredential(store: CredentialStore, id: string): Promise<Credential | undefined> {
  const file = await readCredentialsFile(store.path);
  const entry = file?.get(id);
  if (!file || !entry) return undefined;
  requireOwnKey(store, file);
  return decryptEntry(store, id, entry);
}

/**
 * One credential, decrypted.
 *
 * @throws VyaError `credentials` also when it does not exist
 */
export async function getCredential(store: CredentialStore, id: string): Promise<Credential> {
  const credential = await findCredential(store, id);
  if (credential) return credential;
  throw await missing(store, id);
}

/**
 * Names and user names, in order. What does not decrypt is listed without its user name.
 *
 * @throws VyaError `credentials` when the file is not safe or not readable
 */
export async function listCredentials(store: CredentialStore): Promise<CredentialSummary[]> {
  const file: EncryptedCredentials = (await readCredentialsFile(store.path)) ?? new Map();
  return [...file].map(([id, { username }]) => {
    const result = verifyToken(store.key.key, username);
    return result.ok ? { id, username: result.plaintext.toString('utf8') } : { id };
  });
}

/**
 * Stores credentials, all or none; those of the same ids are replaced. Answers which were there before.
 *
 * @throws VyaError `credentials` when a login cannot be stored, or the file holds others that do not decrypt here
 */
export async function setCredentials(
  store: CredentialStore,
  logins: ReadonlyMap<string, Credential>,
  now: Date,
): Promise<{ replaced: string[] }> {
  for (const [id, login] of logins) requireStorable(id, login);
  const file: EncryptedCredentials = (await readCredentialsFile(store.path)) ?? new Map();
  requireOwnKey(store, file);
  for (const [id, entry] of file) if (!logins.has(id)) decryptEntry(store, id, entry);
  const replaced = [...logins.keys()].filter((id) => file.has(id));
  for (const [id, { username, password }] of logins) {
    file.set(id, encryptDict({ username, password }, store.key.key, now));
  }
  await writeCredentialsFile(store.path, file);
  return { replaced };
}

/**
 * Takes a credential out of the file. One that was damaged can be taken out, too.
 *
 * @throws VyaError `credentials` when it does not exist, or the whole file was encrypted with another key
 */
export async function removeCredential(store: CredentialStore, id: string): Promise<void> {
  const file = await readCredentialsFile(store.path);
  if (!file?.has(id)) throw await missing(store, id);
  requireOwnKey(store, file);
  file.delete(id);
  await writeCredentialsFile(store.path, file);
}

/**
 * Encrypts the whole file anew with the store's key. What already decrypts with that key stays. Answers what was changed.
 *
 * @throws VyaError `credentials` when something decrypts with neither key; the file then stays as it is
 */
export async function rekeyCredentials(
  store: CredentialStore,
  old: SecretKey,
  now: Date,
): Promise<{ changed: string[]; unchanged: string[] }> {
  const file = await readCredentialsFile(store.path);
  if (!file) throw noFile(store);
  const changed: string[] = [];
  for (const [id, entry] of file) {
    if (isReadable(store.key.key, entry)) continue;
    if (!isReadable(old.key, entry)) {
      throw new VyaError(
        'credentials',
        `The credential ${id} in ${store.path} decrypts neither with the old key nor with ${describeKey(store.key)}`,
        {
          hint: 'Look for the old host name (`hostname` there, and in logs and backups of the machine) or key. Nothing was changed.',
        },
      );
    }
    const login: Credential = decryptDict({ ...entry }, old.key);
    file.set(id, encryptDict({ ...login }, store.key.key, now));
    changed.push(id);
  }
  if (changed.length > 0) await writeCredentialsFile(store.path, file);
  return { changed, unchanged: [...file.keys()].filter((id) => !changed.includes(id)) };
}

function requireStorable(id: string, login: Credential): void {
  const refuse = (problem: string, hint: string) => {
    throw new VyaError('credentials', `The credential ${id} cannot be stored: ${problem}`, { hint });
  };
  if (!idPattern.test(id)) refuse('its name is not possible', `A name is made of ${idText}.`);
  if (login.username === '') refuse('the user name is empty', 'Give one with --username.');
  if (login.password === '') {
    refuse(
      'the password is empty',
      'For a login without a password set `user` in the configuration instead.',
    );
  }
  // Option and pass files are lines, and no server takes a zero byte.
  if (/[\0\r\n]/.test(login.username + login.password)) {
    refuse('it holds a line break or a zero byte', 'Give one line without control characters.');
  }
}

async function missing(store: CredentialStore, id: string): Promise<VyaError> {
  const near = nearest(id, [...((await readCredentialsFile(store.path)) ?? new Map<string, never>()).keys()]);
  const others = near === undefined ? '' : `\nOr name the one that is there: ${near}`;
  return new VyaError('credentials', `There is no credential ${id} in ${store.path}`, {
    hint: `Store it: vya credentials set ${id} --username NAME${others}`,
  });
}

function noFile(store: CredentialStore): VyaError {
  return new VyaError('credentials', `There is no credentials file ${store.path}`, {
    hint: 'Store a credential first: vya credentials set ID --username NAME',
  });
}
