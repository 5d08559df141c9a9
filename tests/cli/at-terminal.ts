import { spawn } from 'node:child_process';
import { execPath } from 'node:process';
import { fileURLToPath } from 'node:url';

const main = fileURLToPath(new URL('../../src/cli/main.ts', import.meta.url));

export interface TerminalRun {
  code: Promise<number | null>;
  /** Everything that the terminal has shown so far, escape sequences and all. */
  output: () => string;
  type: (keys: string) => void;
}

/** Runs vya on a pseudo-terminal, which `script` from util-linux makes, so many columns wide. */
export function runAtTerminal(
  args: readonly string[],
  env: Record<string, string>,
  columns = 120,
): TerminalRun {
  const words = [execPath, main, ...args].map((word) => `'${word}'`);
  const child = spawn(
    'script',
    ['-qefc', `stty cols ${columns} rows 40; exec ${words.join(' ')}`, '/dev/null'],
    {
      env: { TERM: 'xterm', ...env, SHELL: '/bin/sh' },
      stdio: ['pipe', 'pipe', 'inherit'],
    },
  );
  let output = '';
  child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString('utf8')));
  const code = new Promise<number | null>((resolve) => child.once('close', resolve));
  return { code, output: () => output, type: (keys) => void child.stdin.write(keys) };
}
