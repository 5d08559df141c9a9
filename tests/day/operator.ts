import { copyFile, mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { expect } from 'vitest';
import type { Enclosure, Entered } from '../debian/enclosure.ts';
import { builtPackage } from '../package/built-package.ts';

/** How a unit stands, as `systemctl show` has it. */
export interface UnitState {
  ActiveState: string;
  Result: string;
  ExecMainStatus: string;
  InvocationID: string;
}

const service = 'vya-backup.service';
const timer = 'vya-backup.timer';

/** What somebody at the machine's own shell does. */
export interface Operator {
  /** Runs vya as it was installed, from another directory than anything lies in. */
  vya(args: readonly string[], input?: string, env?: Record<string, string>): Promise<Entered>;
  /** Runs a program that has to succeed, and gives what it prints. */
  run(...argv: string[]): Promise<string>;
  /** Runs a shell's lines that have to succeed. */
  sh(script: string): Promise<string>;
  mariadb(sql: string): Promise<string>;
  /** As the superuser, in a database. */
  postgresql(sql: string, database?: string): Promise<string>;
  write(path: string, content: string, mode?: number): Promise<void>;
  read(path: string): Promise<string>;
  /** Lets the timer find that it missed a night, and waits until the run that it starts has ended. */
  missANight(): Promise<UnitState>;
}

export function operatorOf(machine: Enclosure): Operator {
  const run = async (...argv: string[]): Promise<string> => {
    const { code, stdout, stderr } = await machine.enter(argv);
    expect(code, `${argv.join(' ')}\n${stdout}${stderr}`).toBe(0);
    return stdout;
  };
  const state = async (): Promise<UnitState> => {
    const names = 'ActiveState,Result,ExecMainStatus,InvocationID';
    const shown = await run('systemctl', 'show', service, `--property=${names}`);
    return Object.fromEntries(shown.split('\n').map((line) => line.split(/=(.*)/s, 2))) as UnitState;
  };
  const outside = (path: string): string => join(machine.folder, path);
  return {
    run,
    vya: (args, input = '', env = {}) => machine.enter(['vya', ...args], { input, env }),
    sh: (script) => run('sh', '-euc', script),
    mariadb: (sql) =>
      run('mariadb', '--default-character-set=utf8mb4', '--batch', '--skip-column-names', '--execute', sql),
    postgresql: (sql, database = 'postgres') =>
      run(
        ...['runuser', '-u', 'postgres', '--', 'psql', '-XAtq', '-v', 'ON_ERROR_STOP=1'],
        ...['-d', database, '-c', sql],
      ),
    async write(path, content, mode = 0o644) {
      await mkdir(outside(dirname(path)), { recursive: true });
      await writeFile(outside(path), content, { mode });
    },
    read: (path) => readFile(outside(path), 'utf8'),
    async missANight() {
      const before = await state();
      // systemd's own note of the last time: with Persistent= it looks at that when the timer starts.
      await run('systemctl', 'stop', timer);
      await run('touch', '--date', '2 days ago', `/var/lib/systemd/timers/stamp-${timer}`);
      await run('systemctl', 'start', timer);
      const ended = async (): Promise<string> => {
        const { InvocationID, ActiveState } = await state();
        return InvocationID === before.InvocationID ? 'not started' : ActiveState;
      };
      await expect.poll(ended, { timeout: 120_000 }).toMatch(/^(inactive|failed)$/);
      return state();
    },
  };
}

/** Installs the Debian package, as somebody does who has the file alone. */
export async function installVya(machine: Enclosure): Promise<void> {
  await copyFile(await builtPackage(), join(machine.folder, 'tmp/vya.deb'));
  const apt = ['apt-get', '-y', '-qq', '-o', 'APT::Sandbox::User=root', 'install', '/tmp/vya.deb'];
  const { code, stdout, stderr } = await machine.enter(apt, { env: { DEBIAN_FRONTEND: 'noninteractive' } });
  expect(code, stdout + stderr).toBe(0);
}
