import { randomBytes } from 'node:crypto';
import { mkdir, open, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { VyaError } from '../errors.ts';

/**
 * Writes a configuration whole or not at all, for its owner alone: a new file beside it, renamed over it.
 *
 * @throws VyaError `configuration`
 */
export async function writeConfigFile(path: string, content: string): Promise<void> {
  const draft = `${path}.${randomBytes(6).toString('hex')}.new`;
  try {
    await mkdir(dirname(path), { recursive: true });
    const file = await open(draft, 'wx', 0o600);
    try {
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
