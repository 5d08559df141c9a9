import type { ChildProcess } from 'node:child_process';
import { closeSync } from 'node:fs';
import type { Writable } from 'node:stream';
import { type KernelPipe, takePipe } from './kernel-pipe.ts';

/** What connects a program with the one that reads its output. Its input does not end before vya says so. */
export interface Joint {
  /** What the consumer is started with. */
  stdin: number | 'pipe';
  /** The consumer runs, and it alone reads from here on. Answers with what its producer is started with. */
  connect(consumer: ChildProcess): number | Writable | null;
  /** Nothing more will come: the consumer's input ends, once the producer has closed its output. */
  end(): void;
  /** Gives up whatever vya still holds. */
  close(): void;
}

export async function makeJoint(): Promise<Joint> {
  const pipe = await takePipe();
  return pipe ? pipeJoint(pipe) : socketJoint();
}

function pipeJoint({ readEnd, writeEnd }: KernelPipe): Joint {
  const held = new Set([readEnd, writeEnd]);
  const letGo = (end: number): void => {
    if (held.delete(end)) closeSync(end);
  };
  return {
    stdin: readEnd,
    connect() {
      // Held longer, it would keep a producer waiting for a consumer that has ended.
      letGo(readEnd);
      return writeEnd;
    },
    end: () => letGo(writeEnd),
    close: () => held.forEach(letGo),
  };
}

/** What Node makes by itself. */
function socketJoint(): Joint {
  let socket: Writable | null = null;
  return {
    stdin: 'pipe',
    connect: (consumer) => (socket = consumer.stdin),
    end: () => socket?.end(),
    close: () => {},
  };
}
