import { readFile } from 'node:fs/promises';

/** Milliseconds between two looks. */
const interval = 500;

/**
 * Reports how many bytes a process has read or written so far, whichever is more, from Linux' /proc. Elsewhere there
 * is nothing to report.
 *
 * @returns a function that ends the watch
 */
export function watchBytes(
  pid: number | undefined,
  report: ((bytes: number) => void) | undefined,
): () => void {
  if (pid === undefined || !report) return () => {};
  const timer = setInterval(() => {
    void bytesMoved(pid).then((bytes) => {
      if (bytes !== undefined) report(bytes);
    });
  }, interval);
  timer.unref();
  return () => clearInterval(timer);
}

/**
 * Bytes that a process and its children have read and written so far: pg_dump's jobs are processes of their own. Those of a
 * child that has ended are counted as its parent's (proc(5)). Undefined where there is no /proc.
 */
export async function bytesMovedByAll(pid: number): Promise<number | undefined> {
  const own = await bytesMoved(pid);
  if (own === undefined) return undefined;
  const children = await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8').catch(() => '');
  const moved = await Promise.all(children.split(' ').filter(Boolean).map(Number).map(bytesMovedByAll));
  return moved.reduce<number>((sum, bytes) => sum + (bytes ?? 0), own);
}

async function bytesMoved(pid: number): Promise<number | undefined> {
  try {
    const text = await readFile(`/proc/${pid}/io`, 'utf8');
    const read = Number(/^rchar: (\d+)$/m.exec(text)?.[1] ?? 0);
    const written = Number(/^wchar: (\d+)$/m.exec(text)?.[1] ?? 0);
    return Math.max(read, written);
  } catch {
    return undefined;
  }
}
