import { randomBytes } from 'node:crypto';
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { env, platform } from 'node:process';
import { GenericContainer } from 'testcontainers';
import type { StartedTestContainer } from 'testcontainers';
import { imageClients } from './image-clients.ts';
import { kindFacts } from './kinds.ts';
import type { ServerKind } from './kinds.ts';
import { answers, withFreePort } from './reachable.ts';
import type { StartOptions, TestServer } from './server.ts';
import { serverSettings } from './settings.ts';

/** Where a container finds the folder of the host that takes its socket, and the files of the caller. */
const inContainer = { sockets: '/vya-sockets', givenFiles: '/vya-files.given', files: '/vya-files' };

/** A Linux container's socket works outside of it on Linux only. */
const sharesSockets = platform === 'linux';

export function imageOf(kind: ServerKind): string {
  return env[kindFacts[kind].imageVariable] || kindFacts[kind].image;
}

/** Starts a server of its own from the official image, which listens on the same port inside and outside. */
export function startContainer(kind: ServerKind, options: StartOptions): Promise<TestServer> {
  return withFreePort((port) => startOnce(kind, port, options));
}

async function startOnce(kind: ServerKind, port: number, options: StartOptions): Promise<TestServer> {
  const binDir = await imageClients(imageOf(kind), kindFacts[kind].clients);
  const { type } = kindFacts[kind];
  const password = randomBytes(12).toString('base64url');
  const sockets = await mkdtemp(join(tmpdir().length > 60 ? '/tmp' : tmpdir(), 'vya-server-'));
  // The server in the container has a user of its own.
  await chmod(sockets, 0o777);
  let log = '';
  let container: StartedTestContainer | undefined;
  const stop = async () => {
    await container?.stop({ timeout: 0, remove: true, removeVolumes: true });
    await rm(sockets, { recursive: true, force: true });
  };
  try {
    const described = describeContainer(kind, { port, password, sockets }, options);
    described.withLogConsumer((stream) => void stream.on('data', (data) => (log += String(data))));
    container = await described.start();
    const server: TestServer = {
      kind,
      type,
      host: container.getHost() === 'localhost' ? '127.0.0.1' : container.getHost(),
      port,
      socket: sharesSockets ? (type === 'mysql' ? join(sockets, 'mysql.sock') : sockets) : '',
      admin: { user: type === 'mysql' ? 'root' : 'postgres', password },
      binDir,
      stop,
    };
    await answers(server, new Promise(() => {}));
    return server;
  } catch (error) {
    await stop();
    throw new Error(`${kind} did not come up: ${String(error)}\n${log.slice(-3000)}`, { cause: error });
  }
}

interface Place {
  port: number;
  password: string;
  sockets: string;
}

function describeContainer(kind: ServerKind, place: Place, options: StartOptions): GenericContainer {
  const facts = kindFacts[kind];
  const own = (options.args ?? []).map((argument) => argument.replaceAll('{files}', inContainer.files));
  const container = new GenericContainer(imageOf(kind))
    .withExposedPorts({ container: place.port, host: place.port })
    .withEnvironment(environment(kind, place))
    .withCommand([...placeArguments(facts.type, place), ...serverSettings(facts.type), ...own])
    .withStartupTimeout(180_000);
  if (sharesSockets) container.withBindMounts([{ source: place.sockets, target: inContainer.sockets }]);
  const files = Object.entries(options.files ?? {});
  if (files.length > 0) {
    container
      .withCopyContentToContainer(
        files.map(([name, content]) => ({
          content,
          target: `${inContainer.givenFiles}/${name}`,
          mode: 0o644,
        })),
      )
      .withEntrypoint(['sh', '-c', ownFiles(facts.type), 'sh']);
  }
  return container;
}

function environment(kind: ServerKind, { password, port }: Place): Record<string, string> {
  if (kind === 'mysql-9.7') return { MYSQL_ROOT_PASSWORD: password };
  if (kind === 'mariadb-10.11') return { MARIADB_ROOT_PASSWORD: password };
  const initdb = '--auth=scram-sha-256 --encoding=UTF8 --locale=C.UTF-8 --no-sync';
  return { POSTGRES_PASSWORD: password, POSTGRES_INITDB_ARGS: initdb, PGPORT: String(port) };
}

function placeArguments(type: TestServer['type'], { port }: Place): string[] {
  if (type === 'mysql') {
    const socket = sharesSockets ? [`--socket=${inContainer.sockets}/mysql.sock`] : [];
    return [`--port=${port}`, ...socket];
  }
  // The image's own first steps use the image's own socket.
  const folders = `unix_socket_directories=/var/run/postgresql${sharesSockets ? `,${inContainer.sockets}` : ''}`;
  return ['-c', `port=${port}`, '-c', folders];
}

/** A script that gives the caller's files to the server's user, as servers insist for keys, and then goes on. */
function ownFiles(type: TestServer['type']): string {
  const { givenFiles, files } = inContainer;
  const user = type === 'mysql' ? 'mysql' : 'postgres';
  return `cp -r ${givenFiles} ${files} && chmod 600 ${files}/* && chown -R ${user} ${files} && exec docker-entrypoint.sh "$@"`;
}
