import { access, mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { TestServer } from '../servers/server.ts';
import { pathWith } from '../servers/servers.ts';
import type { Workspace } from './vya.ts';

/** MariaDB's programs are found under their old names, too. */
const olderNames: Record<string, string[]> = { 'mariadb-dump': ['mysqldump'], mariadb: ['mysql'] };

/** Programs that stand before the real ones on PATH. */
export interface Shims {
  /**
   * Puts a script in a program's place. `real "$@"` in it is the real program; `--version` and `--help` are always
   * answered by that.
   */
  add(program: string, script: string): Promise<void>;
  /** The same for a program that first waits for a gate where `pattern` fits its arguments, then does its work. */
  gate(program: string, pattern: string): Promise<Gate>;
  /** For `env` of a run. */
  env(): Promise<{ PATH: string }>;
  remove(): Promise<void>;
}

export interface Gate {
  /** Whether a program stands before it. */
  reached(): Promise<boolean>;
  open(): Promise<void>;
}

export function shimsOf(space: Pick<Workspace, 'path'>, server: TestServer): Shims {
  const folder = join(space.path, 'shims');
  const add: Shims['add'] = async (program, script) => {
    await mkdir(folder, { recursive: true });
    const path = await pathWith(server);
    const text = `#!/bin/sh
real() { PATH='${path}' ${program} "$@"; }
case "$*" in *--version*|*--help*) real "$@"; exit;; esac
${script}
`;
    for (const name of [program, ...(olderNames[program] ?? [])]) {
      await writeFile(join(folder, name), text, { mode: 0o755 });
    }
  };
  return {
    add,
    async gate(program, pattern) {
      const [before, open] = ['before', 'open'].map((name) => join(folder, `gate-${name}`));
      const wait = `: > '${before}'; while [ ! -e '${open}' ]; do sleep 0.1; done`;
      const path = await pathWith(server);
      await add(
        program,
        `case "$*" in ${pattern}) ${wait} ;; esac; export PATH='${path}'; exec ${program} "$@"`,
      );
      return {
        reached: () =>
          access(before as string).then(
            () => true,
            () => false,
          ),
        open: () => writeFile(open as string, ''),
      };
    },
    env: async () => ({ PATH: `${folder}:${await pathWith(server)}` }),
    remove: () => rm(folder, { recursive: true, force: true }),
  };
}
