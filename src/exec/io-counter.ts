import { readFile } from 'node:fs/promises';

/** Milliseconds between two looks. */
const interval = 500;

/** What a program has done so far, in bytes. */
export interface MovedBytes {
  /** Read or written, whichever is more: a decompressor's are those that come out of it. */
  moved: number;
  read: number;
}

/**
 * Reports how many bytes a process and its children have moved so far, from Linux' /proc. Elsewhere there is nothing to report.
 *
 * @returns a function that ends the watch
 */
export function watchBytes(
  pid: number | undefined,
  report: ((bytes: MovedBytes) => void) | undefined,
): () => void {
  if (pid === undefined || !report) return () => {};
  const timer = setInterval(() => {
    void bytesMovedByAll(pid).then((bytes) => {
      if (bytes !== undefined) report(bytes);
    });
  }, interval);
  timer.unref();
  return () => clearInterval(timer);
}

/**
 * What a process and its children have read and written so far: pg_dump's jobs are processes of their own. Those of a
 * child that has ended are counted as its parent's (proc(5)). Undefined where there is no /proc.
 */
export async function bytesMovedByAll(pid: number): Promise<MovedBytes | undefined> {
  const own = await bytesMoved(pid);
  if (own === undefined) return undefined;
  const children = await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8').catch(() => '');
  const others = await Promise.all(children.split(' ').filter(Boolean).map(Number).map(bytesMovedByAll));
  return others.reduce<MovedBytes>(
    (sum, bytes) => ({ moved: sum.moved + (bytes?.moved ?? 0), read: sum.read + (bytes?.read ?? 0) }),
    own,
  );
}

async function bytesMoved(pid: number): Promise<MovedBytes | undefined> {
  try {
    const text = await readFile(`/proc/${pid}/io`, 'utf8');
    const read = Number(/^rchar: (\d+)$/m.exec(text)?.[1] ?? 0);
    const written = Number(/^wchar: (\d+)$/m.exec(text)?.[1] ?? 0);
    return { moved: Math.max(read, written), read };
  } catch {
    return undefined;
  }
}
