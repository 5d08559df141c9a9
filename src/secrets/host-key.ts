import { createHash } from 'node:crypto';
import { VyaError } from '../errors.ts';
import { encodeBase64url, parseFernetKey, type FernetKey } from './fernet.ts';
import { readPrivateFile } from './private-file.ts';

/** A key, and where it came from: messages say which name, variable or file to look at. */
export interface SecretKey {
  key: FernetKey;
  source: { kind: 'hostname'; hostname: string } | { kind: 'environment' } | { kind: 'file'; path: string };
}

/** The Fernet key of a host: base64url of the SHA-256 of its name, 44 characters with padding. */
export function hostKeyText(hostname: string): string {
  return encodeBase64url(createHash('sha256').update(hostname, 'utf8').digest());
}

/** The key of a host name, which is what `gethostname()` answers there. Throws VyaError `credentials` for an empty name. */
export function hostKey(hostname: string): SecretKey {
  const key = hostname === '' ? undefined : parseFernetKey(hostKeyText(hostname));
  if (!key)
    throw new VyaError('credentials', 'The host has no name', {
      hint: 'Set VYA_SECRET_KEY or security.key_file.',
    });
  return { key, source: { kind: 'hostname', hostname } };
}

/**
 * The key in a file that only its owner may read (a mounted secret may be a link).
 *
 * @throws VyaError `credentials`
 */
export async function fileKey(path: string): Promise<SecretKey> {
  const text = await readPrivateFile(path, 'The key file', { followLinks: true });
  if (text === undefined) {
    throw new VyaError('credentials', `The key file ${path} does not exist`, {
      hint: 'Correct security.key_file (or the option that names it), or put the key there.',
    });
  }
  return { key: requireKey(text.trim(), `The key file ${path}`), source: { kind: 'file', path } };
}

/**
 * The key that credentials are encrypted with: `VYA_SECRET_KEY`, else the file that `security.key_file` names, else the
 * host's.
 *
 * @throws VyaError `credentials`
 */
export async function secretKey(options: {
  env: NodeJS.ProcessEnv;
  hostname: string;
  keyFile?: string | undefined;
}): Promise<SecretKey> {
  const text = options.env['VYA_SECRET_KEY'];
  // An empty variable is an error: falling back to the host name would bind credentials to a pod that is gone tomorrow.
  if (text !== undefined)
    return { key: requireKey(text.trim(), 'VYA_SECRET_KEY'), source: { kind: 'environment' } };
  if (options.keyFile !== undefined) return fileKey(options.keyFile);
  return hostKey(options.hostname);
}

function requireKey(text: string, what: string): FernetKey {
  const key = parseFernetKey(text);
  if (key) return key;
  throw new VyaError('credentials', `${what} does not hold a Fernet key`, {
    hint: "A key is 32 random bytes as base64url with padding, 44 characters: openssl rand -base64 32 | tr '+/' '-_'",
  });
}

/** How messages name a key. */
export function describeKey({ source }: SecretKey): string {
  if (source.kind === 'hostname') return `this host's key (${source.hostname})`;
  return source.kind === 'environment' ? 'the key in VYA_SECRET_KEY' : `the key in ${source.path}`;
}
