import { join } from 'node:path';
import * as z from 'zod';
import { systemCode, VyaError } from '../errors.ts';
import { storageError } from './failure.ts';
import { manifestName } from './layout.ts';
import { type Manifest, manifestFormat, manifestSchema, manifestVersion } from './manifest.ts';
import { createPrivateFile, readSmallFile, type WrittenFile } from './small-file.ts';

/** Characters of a text that cannot hold enough to do harm. */
const harmless = 4 * 1024 * 1024;
/** Objects and lists in a manifest: a table of an inventory takes two. */
const mostObjects = 3_000_000;
const deepest = 32;

/** What tells a manifest of vya's, of whatever version, from anything else. Made once: that takes longer than its use. */
const headSchema = z.object({ format: z.literal(manifestFormat), version: z.int().positive() });

/** Bytes; a manifest of a hundred thousand tables is a tenth of this. */
export const largestManifest = 256 * 1024 * 1024;

/**
 * Reads and checks the manifest of a backup.
 *
 * @throws VyaError `not-found` where there is none, `verification` when it is broken, hostile, or of a newer version
 */
export async function readManifest(directory: string): Promise<Manifest> {
  return parseManifest(manifestSchema, readManifestText(directory), directory);
}

/** The raw text of a manifest. Throws like readManifest. */
export function readManifestText(directory: string): string {
  const path = join(directory, manifestName);
  try {
    return readSmallFile(path, largestManifest);
  } catch (error) {
    const code = systemCode(error);
    if (code === 'ENOENT' || code === 'ENOTDIR') {
      throw new VyaError('not-found', `There is no backup in ${directory}: it has no ${manifestName}`, {
        hint: `Give the directory of one backup: the one that holds ${manifestName}. vya list shows what is in the storage.`,
        cause: error,
      });
    }
    if (code === 'ELOOP') throw damaged(directory, 'is a symbolic link');
    throw storageError(error, `read ${path}`);
  }
}

/** Checks a manifest's text. Throws VyaError `verification`. */
export function parseManifest<T extends z.ZodType>(schema: T, text: string, directory: string): z.infer<T> {
  let content: unknown;
  if (!isModest(text)) throw damaged(directory, 'holds more objects, or deeper ones, than any backup has');
  try {
    content = JSON.parse(text);
  } catch (error) {
    throw damaged(directory, 'is not JSON', error);
  }
  const head = headSchema.safeParse(content);
  if (!head.success) throw damaged(directory, 'is not the manifest of a vya backup');
  if (head.data.version > manifestVersion) {
    throw new VyaError(
      'verification',
      `The backup ${directory} was made by a newer vya: its format is ${head.data.version}, this vya knows up to ${manifestVersion}`,
      { hint: `Install a vya that reads format ${head.data.version}.` },
    );
  }
  const parsed = schema.safeParse(content);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  const place = issue && issue.path.length > 0 ? `${issue.path.join('.')}: ` : '';
  throw damaged(directory, `does not hold: ${place}${issue?.message}`, parsed.error);
}

/** Millions of empty objects in a large text would take all memory before a schema could refuse them. */
function isModest(text: string): boolean {
  if (text.length <= harmless) return true;
  let [depth, objects] = [0, 0];
  for (let at = 0; at < text.length; at += 1) {
    const character = text[at];
    if (character === '"') at = endOfString(text, at);
    else if (character === ']' || character === '}') depth -= 1;
    else if (character === '[' || character === '{') {
      depth += 1;
      objects += 1;
      if (depth > deepest || objects > mostObjects) return false;
    }
  }
  return true;
}

function endOfString(text: string, start: number): number {
  let at = start + 1;
  while (at < text.length && text[at] !== '"') at += text[at] === '\\' ? 2 : 1;
  return at;
}

/**
 * Writes a manifest, which must not exist yet. It is on the disk once the file is settled.
 *
 * @returns what was written, as it will be read, and its file
 * @throws system errors; VyaError `unexpected` for a manifest that could not be read back
 */
export async function writeManifest(
  directory: string,
  manifest: Manifest,
): Promise<{ manifest: Manifest; file: WrittenFile }> {
  const checked = manifestSchema.safeParse(manifest);
  if (!checked.success) {
    throw new VyaError('unexpected', `The manifest would not be readable: ${z.prettifyError(checked.error)}`);
  }
  const text = `${JSON.stringify(checked.data, null, 2)}\n`;
  return { manifest: checked.data, file: await createPrivateFile(join(directory, manifestName), text) };
}

function damaged(directory: string, what: string, cause?: unknown): VyaError {
  return new VyaError('verification', `The backup ${directory} is damaged: its ${manifestName} ${what}`, {
    hint: 'Restore from another backup; vya list shows them.',
    cause,
  });
}
