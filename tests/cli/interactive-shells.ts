import { execFile, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, vi } from 'vitest';
import type { Extra } from '../servers/extras.ts';

const run = promisify(execFile);
const patience = { timeout: 100_000, interval: 50 };

/**
 * What fish offers for a line that ends at the cursor.
 *
 * @returns the words as a program would get them, and whatever fish complained about
 */
export async function fishOffers(
  fish: Extra,
  line: string,
  env: Record<string, string>,
): Promise<{ words: string[]; complaints: string }> {
  const script = [
    'vya completion fish | source',
    // One word in each line, less its description; eval takes the quotes away as it would at Enter.
    'for each in (complete --escape -C $argv[1] | string split -f1 \\t)',
    '  eval printf "%s\\\\\\n" $each',
    'end',
    // Nothing offered is no failure.
    'true',
  ].join('\n');
  const args = ['--no-config', '-c', script, line];
  const { stdout, stderr } = await run(fish.program, args, { env });
  return { words: stdout.split('\n').filter((word) => word !== ''), complaints: stderr };
}

/** An interactive zsh at a terminal. */
export interface ZshSession {
  /**
   * Types a line and presses Tab so many times, which puts in one match after the other.
   *
   * @returns for each Tab the last word of the line as a program would get it
   */
  complete(line: string, tabs: number): Promise<string[]>;
  /** All that the terminal has shown. */
  shown(): string;
  close(): Promise<void>;
}

/** Starts zsh with vya's script as `_vya` in its function path, as the documents say. */
export async function startZsh(zsh: Extra, env: Record<string, string>): Promise<ZshSession> {
  const folder = await mkdtemp(join(env['HOME'] ?? '', 'zsh-'));
  const dump = join(folder, 'dump');
  await mkdir(join(folder, 'functions'));
  const { stdout } = await run('vya', ['completion', 'zsh'], { env });
  await writeFile(join(folder, 'functions/_vya'), stdout);
  await writeFile(join(folder, 'setup'), setup(zsh, folder, dump));
  const child = spawn(
    'script',
    ['-qefc', `stty cols 200 rows 50; exec '${zsh.program}' -f -i`, '/dev/null'],
    {
      env: { ...env, TERM: 'xterm', SHELL: '/bin/sh' },
      stdio: ['pipe', 'pipe', 'inherit'],
    },
  );
  let shown = '';
  child.stdout.on('data', (chunk: Buffer) => (shown += chunk.toString('utf8')));
  const closed = new Promise((resolve) => child.once('close', resolve));
  const written = async (): Promise<string[]> => (await readFile(dump, 'utf8')).split('\0').slice(0, -1);
  child.stdin.write(`source '${join(folder, 'setup')}'\n`);
  await vi.waitFor(() => expect(existsSync(join(folder, 'ready'))).toBe(true), patience);
  return {
    shown: () => shown,
    async complete(line, tabs) {
      await writeFile(dump, '');
      child.stdin.write(`${controlU}${line}`);
      for (let tab = 1; tab <= tabs; tab += 1) {
        child.stdin.write(`\t${controlX}`);
        await vi.waitFor(async () => expect(await written()).toHaveLength(tab), patience);
      }
      return await written();
    },
    async close() {
      child.stdin.write(`${controlU}exit\n`);
      child.stdin.end();
      await closed;
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** Empties the line. */
const controlU = '\u0015';
/** Writes down what became of the line; bound below. */
const controlX = '\u0018';

function setup({ tree }: Extra, folder: string, dump: string): string {
  const unpacked = [
    `module_path=('${tree}'/usr/lib/*/zsh/*(/))`,
    `fpath=('${tree}'/usr/share/zsh/functions/**/*(/))`,
  ];
  return [
    ...(tree === undefined ? [] : unpacked),
    `fpath=('${folder}/functions' $fpath)`,
    'autoload -Uz compinit && compinit -u -D',
    'setopt menu_complete',
    `write-down() { print -rn -- "\${(Q)\${(z)BUFFER}[-1]}"$'\\0' >> '${dump}' }`,
    "zle -N write-down; bindkey '^X' write-down; bindkey '^I' menu-complete",
    "PS1='> '",
    `: > '${folder}/ready'`,
    '',
  ].join('\n');
}
