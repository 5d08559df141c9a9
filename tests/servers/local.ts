import { chown, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { randomBytes } from 'node:crypto';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { kindFacts } from './kinds.ts';
import type { ServerKind } from './kinds.ts';
import { mysqlEngine } from './mysql-local.ts';
import { postgresqlEngine } from './postgresql-local.ts';
import { localPrograms } from './programs.ts';
import type { Programs } from './programs.ts';
import { answers, withFreePort } from './reachable.ts';
import type { StartOptions, TestServer } from './server.ts';
import { supervise } from './supervise.ts';
import type { Supervised } from './supervise.ts';
import { asServer, serverUser } from './unprivileged.ts';

/** Where one server lives. */
export interface Place {
  folder: string;
  dataDir: string;
  socketFolder: string;
  port: number;
  password: string;
}

/** What differs between the servers of MySQL's and PostgreSQL's kind. */
export interface Engine {
  user: string;
  endSignal: 'SIGKILL' | 'SIGQUIT';
  socket(place: Place): string;
  /** Fills the place with an empty cluster that knows the admin account. */
  prepare(programs: Programs, place: Place): Promise<void>;
  args(programs: Programs, place: Place): string[];
}

/** Starts a server of its own from private programs, on a free port. */
export async function startLocal(kind: ServerKind, options: StartOptions): Promise<TestServer> {
  const programs = await localPrograms(kind);
  return withFreePort((port) => startOnce(kind, programs, port, options));
}

async function startOnce(
  kind: ServerKind,
  programs: Programs,
  port: number,
  options: StartOptions,
): Promise<TestServer> {
  const engine = kindFacts[kind].type === 'mysql' ? mysqlEngine : postgresqlEngine;
  const place = await makePlace(port, options.files ?? {});
  let supervised: Supervised;
  try {
    await engine.prepare(programs, place);
    const own = (options.args ?? []).map((argument) =>
      argument.replaceAll('{files}', join(place.folder, 'files')),
    );
    const [file, ...args] = asServer([programs.server, ...engine.args(programs, place), ...own]);
    supervised = await supervise({
      file,
      args,
      env: { PATH: '/usr/bin:/bin', LOCPATH: join(programs.tree, 'usr/lib/locale'), LC_ALL: 'C.UTF-8' },
      folder: place.folder,
      log: join(place.folder, 'log'),
      endSignal: engine.endSignal,
    });
  } catch (error) {
    await rm(place.folder, { recursive: true, force: true });
    throw error;
  }
  const log = join(place.folder, 'log');
  let stopped = false;
  const server: TestServer = {
    kind,
    type: kindFacts[kind].type,
    host: '127.0.0.1',
    port: place.port,
    socket: engine.socket(place),
    admin: { user: engine.user, password: place.password },
    binDir: programs.binDir,
    dataDir: place.dataDir,
    pid: supervised.pid,
    stop: () => {
      stopped = true;
      return supervised.stop();
    },
  };
  try {
    await answers(server, supervised.ended);
  } catch (error) {
    const said = await readFile(log, 'utf8');
    await server.stop();
    throw new Error(`${kind} did not come up: ${String(error)}\n${said.slice(-3000)}`, { cause: error });
  }
  // Its tests will fail for reasons that tell nothing: what the server said last does.
  void supervised.ended.then(async (how) => {
    if (stopped) return;
    const said = await readFile(log, 'utf8').catch(String);
    console.error(`\n${kind} (process ${supervised.pid}) ended by itself (${how}):\n${said.slice(-6000)}\n`);
  });
  return server;
}

async function makePlace(port: number, files: Record<string, string>): Promise<Place> {
  // The path of a Unix socket has room for 107 bytes.
  const parent = tmpdir().length > 60 ? '/tmp' : tmpdir();
  const folder = await mkdtemp(join(parent, 'vya-server-'));
  const place = {
    folder,
    dataDir: join(folder, 'data'),
    socketFolder: folder,
    port,
    password: randomBytes(12).toString('base64url'),
  };
  await mkdir(join(folder, 'files'));
  for (const [name, content] of Object.entries(files)) {
    await writeFile(join(folder, 'files', name), content, { mode: 0o600 });
  }
  const { uid, gid } = serverUser();
  const owned = ['.', 'files', ...Object.keys(files).map((name) => join('files', name))];
  for (const name of owned) await chown(join(folder, name), uid, gid);
  return place;
}
