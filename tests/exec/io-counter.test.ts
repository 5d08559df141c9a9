import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { expect, test } from 'vitest';
import { type MovedBytes, watchBytes } from '../../src/exec/io-counter.ts';

test('what a program and its children move is told apart from what they read', async () => {
  // As a decompressor: it reads little, and writes much more than that, one half through a child.
  const half = 'i=0; while [ $i -lt 2000 ]; do echo "$line"; i=$((i+1)); done';
  const script = `line=$(head -c 1000 /dev/zero | tr '\\0' x); (${half}); ${half}; read -r wait`;
  const child = spawn('sh', ['-c', script], { stdio: ['pipe', 'ignore', 'ignore'] });
  let last: MovedBytes = { moved: 0, read: 0 };
  const stop = watchBytes(child.pid, (bytes) => (last = bytes));
  await expect.poll(() => last.moved, { timeout: 60_000 }).toBeGreaterThan(4_000_000);
  expect(last.read).toBeLessThan(1_000_000);
  stop();
  child.stdin.end();
  await once(child, 'close');
});
