import { access, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'vitest';
import type { TestServer } from '../servers/server.ts';
import { pathWith } from '../servers/servers.ts';

/** The client programs of a server, of which the one that dumps waits before it dumps tables in a snapshot. */
export interface PausedDump {
  /** For PATH. */
  path: string;
  /** Waits until a dump has come to its pause. */
  begun(): Promise<void>;
  /** Lets this dump and all others go on. */
  go(): Promise<void>;
}

/** @param folder is made, and holds the programs */
export async function pausedDump(server: TestServer, folder: string): Promise<PausedDump> {
  await mkdir(folder);
  const path = await pathWith(server);
  const [begun, gone] = [join(folder, 'begun'), join(folder, 'gone')];
  const pause = `case "$*" in *--snapshot=*|*--single-transaction*)
  touch '${begun}'
  while ! [ -e '${gone}' ]; do sleep 0.05; done;;
esac`;
  for (const name of programs(server)) {
    const script = `#!/bin/sh\nPATH='${path}'\n${/dump/.test(name) ? pause : ''}\nexec ${name} "$@"\n`;
    await writeFile(join(folder, name), script, { mode: 0o755 });
  }
  return {
    path: `${folder}:${path}`,
    async begun() {
      const there = () =>
        access(begun).then(
          () => true,
          () => false,
        );
      await expect.poll(there, { timeout: 60_000, interval: 20 }).toBe(true);
    },
    go: () => writeFile(gone, ''),
  };
}

function programs({ kind, type }: TestServer): string[] {
  if (type === 'postgresql') return ['pg_dump', 'pg_restore', 'psql'];
  const older = ['mysqldump', 'mysql'];
  return kind.startsWith('mariadb') ? ['mariadb-dump', 'mariadb', ...older] : older;
}
