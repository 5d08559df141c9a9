import { env } from 'node:process';
import { isDebian } from './debian.ts';
import { kindFacts } from './kinds.ts';
import type { ServerKind } from './kinds.ts';
import { localPrograms } from './programs.ts';
import { ServerUnavailable } from './server.ts';

export type Provider = 'local' | 'docker';

const chosen = new Map<ServerKind, Promise<Provider>>();

/**
 * How servers of a kind are had on this machine: as local programs where Debian's packages can be fetched, in
 * containers where a Docker engine answers. VYA_TEST_SERVERS=local or docker allows one way only.
 */
export function providerOf(kind: ServerKind): Promise<Provider> {
  const known = chosen.get(kind) ?? choose(kind);
  chosen.set(kind, known);
  return known;
}

async function choose(kind: ServerKind): Promise<Provider> {
  const only = env['VYA_TEST_SERVERS'];
  const reasons: string[] = [];
  if (only !== 'docker') {
    const reason = await whyNotLocal(kind);
    if (reason === undefined) return 'local';
    reasons.push(reason);
  }
  if (only !== 'local') {
    const reason = await whyNoDocker();
    if (reason === undefined) return 'docker';
    reasons.push(reason);
  }
  const image = kindFacts[kind].image;
  throw new ServerUnavailable(
    `${kind} cannot be had on this machine: ${reasons.join('; ')}. Start Docker (image ${image}), or run on Debian 12.`,
  );
}

async function whyNotLocal(kind: ServerKind): Promise<string | undefined> {
  if (!(await isDebian())) return 'this is not a Debian whose packages could be fetched';
  try {
    await localPrograms(kind);
    return undefined;
  } catch (error) {
    return (error as Error).message.trim();
  }
}

let engine: Promise<string | undefined> | undefined;

function whyNoDocker(): Promise<string | undefined> {
  engine ??= import('testcontainers')
    .then((testcontainers) => testcontainers.getContainerRuntimeClient())
    .then(
      () => undefined,
      (error: unknown) => `no Docker engine answers (${(error as Error).message.trim()})`,
    );
  return engine;
}
