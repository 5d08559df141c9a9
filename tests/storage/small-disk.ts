import { onTestFinished } from 'vitest';
import { mountDisk, type SmallDisk } from '../faults/mounted-disk.ts';
import { scratchDirectory } from './scratch.ts';

/**
 * Mounts a file system in memory for the length of a test.
 *
 * @param size bytes
 */
export async function smallDisk(size: number): Promise<SmallDisk> {
  const disk = mountDisk(await scratchDirectory(), size);
  onTestFinished(() => disk.unmount());
  return disk;
}
