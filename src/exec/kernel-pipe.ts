import { closeSync, constants, openSync } from 'node:fs';
import { join } from 'node:path';
import { capture } from './capture.ts';
import { makePrivateDirectory, removePrivateDirectory } from './private-directory.ts';

/** Two file descriptors of vya's own, for programs to inherit. Whoever takes them closes them. */
export interface KernelPipe {
  readEnd: number;
  writeEnd: number;
}

/** How many are made at once: mkfifo takes as long for these as for one. */
const batch = 16;
/** With so many left, more are made beside whatever is at work: a run over many databases waits for none. */
const few = 2;

const ready: KernelPipe[] = [];
let making: Promise<readonly KernelPipe[]> | undefined;

/**
 * A pipe of the kernel (pipe(7)) between two programs. Node connects its children by sockets, through which a dump takes a
 * twentieth more CPU. Node cannot make pipes: mkfifo makes some with names, which are removed once they are open.
 *
 * @returns undefined where none can be made
 */
export async function takePipe(): Promise<KernelPipe | undefined> {
  for (;;) {
    const pipe = ready.pop();
    if (pipe && ready.length > few) return pipe;
    making ??= make().finally(() => (making = undefined));
    if (pipe) return pipe;
    if ((await making).length === 0) return undefined;
  }
}

/** Makes some more, and answers with them; none where none can be made. */
async function make(): Promise<readonly KernelPipe[]> {
  let directory: string | undefined;
  try {
    directory = await makePrivateDirectory();
    const paths = Array.from({ length: batch }, (_, index) => join(directory as string, String(index)));
    await capture({ file: 'mkfifo', args: ['-m', '600', '--', ...paths], env: { PATH: '/usr/bin:/bin' } });
    const made = paths.map(openBothEnds);
    ready.push(...made);
    return made;
  } catch {
    // No mkfifo, or no place for its work: sockets do as well.
    return [];
  } finally {
    // What stays of it is removed when vya ends.
    if (directory !== undefined) await removePrivateDirectory(directory).catch(() => {});
  }
}

/** Each end waits for the other one, except a reader that says that it does not; programs are to wait for their input. */
function openBothEnds(path: string): KernelPipe {
  const opener = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  try {
    const writeEnd = openSync(path, constants.O_WRONLY);
    return { readEnd: openSync(path, constants.O_RDONLY), writeEnd };
  } finally {
    closeSync(opener);
  }
}
