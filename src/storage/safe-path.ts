import { lstat } from 'node:fs/promises';
import { join } from 'node:path';
import { systemCode, VyaError } from '../errors.ts';
import { storageError } from './failure.ts';
import { reservedNames } from './layout.ts';

const longestPath = 2_048;

/**
 * Whether a path taken from a manifest stays inside the backup and names none of vya's own files: relative, without empty
 * parts, `.` or `..`, and without control characters.
 */
export function isSafePath(path: string): boolean {
  if (path === '' || path.length > longestPath || /\p{Cc}|\p{Cs}/u.test(path)) return false;
  const parts = path.split('/');
  if (parts.some((part) => part === '' || part === '.' || part === '..')) return false;
  return !reservedNames.has(parts[0] as string);
}

/**
 * The absolute path of something inside a backup, having looked at every step that none is a symbolic link: a link would
 * lead out of the backup.
 *
 * @throws VyaError `verification` when it is missing, a link, or not what is wanted
 */
export async function pathInside(
  directory: string,
  path: string,
  want: 'file' | 'directory',
): Promise<string> {
  if (!isSafePath(path)) throw refusal(directory, `names “${path}”, which is no path inside it`);
  const parts = path.split('/');
  let current = directory;
  for (const [index, part] of parts.entries()) {
    current = join(current, part);
    const kind = await kindOf(current, directory);
    const wanted = index < parts.length - 1 ? 'directory' : want;
    if (kind !== wanted) throw refusal(directory, `has ${kind} where a ${wanted} should be: ${path}`);
  }
  return current;
}

async function kindOf(path: string, directory: string): Promise<string> {
  try {
    const found = await lstat(path);
    if (found.isFile()) return 'file';
    if (found.isDirectory()) return 'directory';
    return found.isSymbolicLink() ? 'a symbolic link' : 'a special file';
  } catch (error) {
    if (['ENOENT', 'ENOTDIR'].includes(systemCode(error) ?? '')) {
      throw refusal(directory, `lacks ${path.slice(directory.length + 1)}`);
    }
    throw storageError(error, `look at ${path}`);
  }
}

function refusal(directory: string, what: string): VyaError {
  return new VyaError('verification', `The backup ${directory} ${what}`, {
    hint: 'It is damaged or was tampered with: restore from another one (vya list shows them).',
  });
}
