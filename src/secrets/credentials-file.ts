import { dirname } from 'node:path';
import * as z from 'zod';
import { VyaError } from '../errors.ts';
import { idPattern } from '../model/id.ts';
import { readPrivateFile, requirePrivateDirectory, writePrivateFile } from './private-file.ts';

/** Both values are Fernet tokens. */
export interface EncryptedCredential {
  username: string;
  password: string;
}

/** The file's content by credential id. */
export type EncryptedCredentials = Map<string, EncryptedCredential>;

const what = 'The credentials file';
const currentVersion = 1;

/** Ids begin with a letter or digit, so `_version` can be none of them. A file without it is version 1. */
const versionSchema = z.object({ _version: z.int().positive().default(currentVersion) });
const entriesSchema = z.record(
  z.string().regex(idPattern),
  z.strictObject({ username: z.string(), password: z.string() }),
);

/**
 * The credentials file as it stands, still encrypted; undefined where there is none.
 *
 * @throws VyaError `credentials` when it is open to others, a link, corrupt, or written by a newer vya
 */
export async function readCredentialsFile(path: string): Promise<EncryptedCredentials | undefined> {
  const text = await readPrivateFile(path, what, { followLinks: false });
  if (text === undefined) return undefined;
  await requirePrivateDirectory(dirname(path));
  const content = parseJson(text, path);
  const version = versionSchema.safeParse(content);
  if (!version.success) throw corrupt(path, 'it does not hold a JSON object of credentials');
  if (version.data._version > currentVersion) {
    throw new VyaError(
      'credentials',
      `${what} ${path} has format ${version.data._version}, and this vya knows ${currentVersion}`,
      {
        hint: 'Use the vya that wrote it, or a newer one.',
      },
    );
  }
  const { _version, ...entries } = content as Record<string, unknown>;
  const parsed = entriesSchema.safeParse(entries);
  if (parsed.success) return new Map(Object.entries(parsed.data));
  const places = new Set(parsed.error.issues.map((issue) => issue.path.map(String).join('.')));
  throw corrupt(path, `not a credential with username and password: ${[...places].join(', ')}`);
}

/**
 * Replaces the credentials file whole, mode 0600 in a directory that is 0700 when it is made here.
 *
 * @throws VyaError `credentials`
 */
export async function writeCredentialsFile(path: string, credentials: EncryptedCredentials): Promise<void> {
  const ordered = [...credentials].sort(([a], [b]) => (a < b ? -1 : 1));
  const content = { _version: currentVersion, ...Object.fromEntries(ordered) };
  await writePrivateFile(path, `${JSON.stringify(content, null, 2)}\n`, what);
}

/** The parser's own message is left out: it quotes the file, and what somebody put there may be a password in clear. */
function parseJson(text: string, path: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    const position = /position \d+/.exec(String(error))?.[0];
    throw corrupt(
      path,
      `it is not JSON${position ? ` (at ${position})` : text === '' ? ' (it is empty)' : ''}`,
    );
  }
}

function corrupt(path: string, reason: string): VyaError {
  return new VyaError('credentials', `${what} ${path} is corrupt: ${reason}`, {
    hint: 'Bring back a copy of it, or move it away and store the credentials again with `vya credentials set`. vya leaves it as it is.',
  });
}
