import { delimiter } from 'node:path';
import { env } from 'node:process';
import { askBroker } from './broker.ts';
import type { ServerKind } from './kinds.ts';
import { providerOf } from './provider.ts';
import type { StartOptions, TestServer } from './server.ts';

/**
 * Starts a server of its own, which the caller stops; should the caller's process die, the server ends all the same.
 * Throws ServerUnavailable when this machine cannot run the kind.
 */
export async function startServer(kind: ServerKind, options: StartOptions = {}): Promise<TestServer> {
  if ((await providerOf(kind)) === 'local') return (await import('./local.ts')).startLocal(kind, options);
  return (await import('./docker.ts')).startContainer(kind, options);
}

const shared = new Map<ServerKind, Promise<TestServer>>();

/**
 * The server of this kind that the whole test run shares, started when it is first asked for. Use databases and
 * accounts of your own on it, and change nothing for the whole server. It ends with the run.
 */
export function sharedServer(kind: ServerKind): Promise<TestServer> {
  const known = shared.get(kind) ?? (env['VYA_TEST_BROKER'] ? sharedByRun(kind) : startServer(kind));
  shared.set(kind, known);
  return known;
}

async function sharedByRun(kind: ServerKind): Promise<TestServer> {
  const server = (await askBroker(kind, 'start')) as Omit<TestServer, 'stop'>;
  return { ...server, stop: () => Promise.reject(new Error('a shared server ends with the test run')) };
}

/**
 * For `describe.skipIf(await serverIsMissing(kind))`: whether this machine cannot run the kind. The run names what was
 * missing at its end. With CI=true nothing counts as missing, so that the tests run and fail.
 */
export async function serverIsMissing(kind: ServerKind): Promise<boolean> {
  if (env['CI'] === 'true') return false;
  if (env['VYA_TEST_BROKER']) return (await askBroker(kind, 'check')) === false;
  return providerOf(kind).then(
    () => false,
    () => true,
  );
}

/** A folder that holds `zstd` and nothing else; empty where it is on PATH anyway or cannot be had. */
export async function toolsDir(): Promise<string> {
  const { toolFolder } = await import('./tools.ts');
  return toolFolder();
}

/** A PATH with the client programs of these servers, in this order, and zstd, before the machine's own PATH. */
export async function pathWith(...servers: Pick<TestServer, 'binDir'>[]): Promise<string> {
  const folders = [...servers.map((server) => server.binDir), await toolsDir(), env['PATH'] ?? ''];
  return folders.filter(Boolean).join(delimiter);
}
