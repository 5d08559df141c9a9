import { randomBytes } from 'node:crypto';
import { type FileHandle, mkdir, open, rename, rm, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { VyaError } from '../errors.ts';

/**
 * Writes a configuration whole or not at all: a new file beside it, renamed over it. It is for its owner alone; one that is replaced
 * keeps its owner, its group, and what the group may read.
 *
 * @throws VyaError `configuration`
 */
export async function writeConfigFile(path: string, content: string): Promise<void> {
  const draft = `${path}.${randomBytes(6).toString('hex')}.new`;
  try {
    await mkdir(dirname(path), { recursive: true });
    const file = await open(draft, 'wx', 0o600);
    try {
      await keepReaders(file, path);
      await file.writeFile(content);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(draft, path);
  } catch (error) {
    await rm(draft, { force: true }).catch(() => {});
    throw new VyaError(
      'configuration',
      `Cannot write the configuration ${path}: ${(error as Error).message}`,
      {
        hint: 'Name a file that this user may write with --config, or run vya init as root.',
        cause: error,
      },
    );
  }
}

async function keepReaders(file: FileHandle, path: string): Promise<void> {
  const before = await stat(path).catch(() => undefined);
  if (before === undefined) return;
  const now = await file.stat();
  if (before.uid !== now.uid || before.gid !== now.gid) await file.chown(before.uid, before.gid);
  await file.chmod(before.mode & 0o640);
}
