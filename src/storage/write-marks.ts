import { randomBytes } from 'node:crypto';
import { rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { syncDirectory } from './directories.ts';
import { orStorageError } from './failure.ts';
import { pinName, proofName } from './layout.ts';
import type { Pin, Proof } from './marks.ts';
import { writePrivateFile } from './small-file.ts';

/**
 * Records the outcome of a rehearsal beside a backup, in the place of an earlier one.
 *
 * @param directory the backup's
 * @throws VyaError `storage`
 */
export async function writeProof(directory: string, proof: Proof): Promise<void> {
  await writeMark(join(directory, proofName), proof);
}

/** Pins a backup: retention leaves it alone. Throws VyaError `storage`. */
export async function writePin(directory: string, pin: Pin): Promise<void> {
  await writeMark(join(directory, pinName), pin);
}

/** Takes a pin away; there need not be one. Throws VyaError `storage`. */
export async function removePin(directory: string): Promise<void> {
  await orStorageError(`unpin ${directory}`, async () => {
    await rm(join(directory, pinName), { force: true });
    await syncDirectory(directory);
  });
}

/** Whole or not at all: a reader never sees half a mark. */
async function writeMark(path: string, content: Pin | Proof): Promise<void> {
  await orStorageError(`write ${path}`, async () => {
    const draft = `${path}.${randomBytes(4).toString('hex')}`;
    try {
      await writePrivateFile(draft, `${JSON.stringify(content, null, 2)}\n`);
      await rename(draft, path);
    } catch (error) {
      await rm(draft, { force: true });
      throw error;
    }
    await syncDirectory(join(path, '..'));
  });
}
