import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { env } from 'node:process';
import { setTimeout as wait } from 'node:timers/promises';
import { promisify } from 'node:util';
import { makeCgroup, removeCgroup } from './cgroup.ts';
import { enclose, type Enclosure } from './enclosure.ts';
import { cachedRoot, debianIsMissing, mountPoint } from './root.ts';

/** A Docker engine. */
export interface Engine {
  /** Runs the docker program with it, and answers what it printed. Throws an Error with what it said. */
  docker(...args: string[]): Promise<string>;
  /** The network with which a build finds packages: the machine's, or none where the base image holds them all. */
  buildNetwork: 'host' | 'none';
  /** Ends an engine of the test's own, with its containers, images and volumes. */
  end(): Promise<void>;
}

/** What the recipe builds from. */
export const baseImage = 'debian:12-slim';
/** What the recipe installs there, and what vya's package needs for itself. */
const basePackages = ['adduser', 'ca-certificates', 'mariadb-client', 'postgresql-client', 'zstd'];

/** Its network is loopback alone. What it stores is kept in memory and is gone with it, however it ends. */
const startEngine = `
mkdir /var/lib/docker
mount -t tmpfs tmpfs /var/lib/docker
dockerd --bridge=none --iptables=false --ip6tables=false --ip-forward=false --ip-masq=false \
  --storage-driver=overlay2 > /run/dockerd.log 2>&1
exec sleep infinity
`;
const importBase = `set -o pipefail; tar -C "$1" --exclude=./.complete -c . | docker import - "$2"`;

let own: Promise<string | undefined> | undefined;

/** Why no engine of this machine answers, or undefined when one does. */
function whyNoneAnswers(): Promise<string | undefined> {
  own ??= onMachine('version', '--format', '{{.Server.Version}}').then(
    () => undefined,
    (error: Error) => error.message.split('\n')[0],
  );
  return own;
}

/** The docker program finds the machine's engine by itself. */
async function onMachine(...args: string[]): Promise<string> {
  return (await promisify(execFile)('docker', args, { env, maxBuffer: 2 ** 26 })).stdout;
}

/** Why there is no engine here and none can be started, or undefined. Said aloud: what is left out is not tested. */
export async function engineIsMissing(what: string): Promise<string | undefined> {
  const reason = await whyNoneAnswers();
  if (reason === undefined) return undefined;
  return await debianIsMissing(`${what}; no Docker engine answers (${reason})`, { withCgroup: true });
}

/** The machine's Docker engine where one answers, and otherwise a private one, which needs what `engineIsMissing` looks for. */
export async function dockerEngine(shared: readonly string[]): Promise<Engine> {
  if ((await whyNoneAnswers()) !== undefined) return await privateEngine(shared);
  return { docker: onMachine, buildNetwork: 'host', end: async () => {} };
}

/**
 * A Docker engine from Debian's packages, in a private copy of a Debian with namespaces and a cgroup of its own. It has
 * no image but the base of vya's. `end` it; it ends with this process at the latest.
 *
 * @param shared directories of the machine that it can read from and mount in containers, under the same names
 */
export async function privateEngine(shared: readonly string[]): Promise<Engine> {
  const base = await cachedRoot(basePackages);
  const folder = await cachedRoot(['docker.io']);
  const cgroup = await makeCgroup();
  let machine: Enclosure | undefined;
  const end = async (): Promise<void> => {
    await machine?.end();
    await removeCgroup(cgroup);
  };
  try {
    const first = ['sh', '-c', startEngine];
    machine = await enclose({
      folder,
      cgroup,
      first,
      copyAt: await mountPoint(),
      shared: [base, ...shared],
    });
    const engine: Engine = { docker: dockerOf(machine), buildNetwork: 'none', end };
    await answers(engine, machine);
    await inside(machine, ['bash', '-c', importBase, 'bash', base, baseImage]);
    return engine;
  } catch (error) {
    await end();
    throw error;
  }
}

function dockerOf(machine: Enclosure): Engine['docker'] {
  return (...args) => inside(machine, ['docker', ...args]);
}

async function inside(machine: Enclosure, argv: readonly string[]): Promise<string> {
  const { code, stdout, stderr } = await machine.enter(argv);
  if (code !== 0) throw new Error(`${argv.join(' ')} ended with ${code}\n${stdout}\n${stderr}`);
  return stdout;
}

async function answers(engine: Engine, machine: Enclosure): Promise<void> {
  const deadline = Date.now() + 120_000;
  for (;;) {
    try {
      await engine.docker('version');
      return;
    } catch (error) {
      if (Date.now() < deadline) {
        await wait(200);
        continue;
      }
      const log = await readFile(join(machine.folder, 'run/dockerd.log'), 'utf8').catch(String);
      throw new Error(`Debian's Docker engine does not answer\n${log.slice(-3000)}`, { cause: error });
    }
  }
}
