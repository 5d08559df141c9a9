import { chown, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Engine } from './local.ts';
import { serverSettings } from './settings.ts';
import { runAsServer, serverUser } from './unprivileged.ts';

/** PostgreSQL, with every cluster made by its own initdb: copies of one share a system identifier. */
export const postgresqlEngine: Engine = {
  user: 'postgres',
  endSignal: 'SIGQUIT',
  socket: (place) => place.socketFolder,
  async prepare(programs, place) {
    const passwordFile = join(place.folder, 'password');
    const { uid, gid } = serverUser();
    await writeFile(passwordFile, `${place.password}\n`, { mode: 0o600 });
    await chown(passwordFile, uid, gid);
    const initdb = join(dirname(programs.server), 'initdb');
    const cluster = [
      '-D',
      place.dataDir,
      '-U',
      'postgres',
      '--pwfile',
      passwordFile,
      '--auth',
      'scram-sha-256',
    ];
    const locale = ['--encoding', 'UTF8', '--locale', 'C.UTF-8'];
    const env = { PATH: '/usr/bin:/bin', LOCPATH: join(programs.tree, 'usr/lib/locale'), TZ: 'UTC' };
    await runAsServer([initdb, ...cluster, ...locale, '--no-sync', '--no-instructions'], env);
    await rm(passwordFile);
  },
  args(_programs, place) {
    const whereabouts = [
      'listen_addresses=127.0.0.1',
      `port=${place.port}`,
      `unix_socket_directories=${place.socketFolder}`,
    ];
    const assigned = whereabouts.flatMap((setting) => ['-c', setting]);
    return ['-D', place.dataDir, ...assigned, ...serverSettings('postgresql')];
  },
};
