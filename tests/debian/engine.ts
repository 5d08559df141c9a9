import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { env } from 'node:process';
import { setTimeout as wait } from 'node:timers/promises';
import { promisify } from 'node:util';
import { archiveFiles, packageArchive } from './archive.ts';
import { makeCgroup, removeCgroup } from './cgroup.ts';
import { enclose, type Enclosure } from './enclosure.ts';
import { cachedRoot, debianIsMissing, mountPoint } from './root.ts';

/** A Docker engine. */
export interface Engine {
  /** Runs the docker program with it, and answers what it printed. Throws an Error with what it said. */
  docker(...args: string[]): Promise<string>;
  /** The network with which a build finds packages: the machine's, or none where the image brings them along. */
  buildNetwork: 'host' | 'none';
  /** Ends an engine of the test's own, with its containers, images and volumes. */
  end(): Promise<void>;
}

export interface PrivateEngine extends Engine {
  /** A process with its network, and with its root directory, where the engine's socket is run/docker.sock. */
  pid: number;
}

export interface EngineNeeds {
  /** Directories of the machine that it can read from and mount in containers, under the same names. */
  shared?: readonly string[];
  /** What can be installed in its containers. */
  packages?: readonly string[];
}

/** The image of a bare Debian, which can be pulled elsewhere; a private engine has one of the same name. */
export const baseImage = 'debian:12-slim';

/** Without a way out, its network has nothing to forward or filter. What it stores is kept in memory and is gone with it, however it ends. */
const startEngine = `
mkdir /var/lib/docker
mount -t tmpfs tmpfs /var/lib/docker
dockerd --iptables=false --ip6tables=false --ip-forward=false --ip-masq=false \
  --storage-driver=overlay2 > /run/dockerd.log 2>&1
exec sleep infinity
`;
const importImage = 'set -o pipefail; image=$1; shift; tar -c "$@" | docker import - "$image"';

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
export async function dockerEngine(needs: EngineNeeds): Promise<Engine> {
  if ((await whyNoneAnswers()) !== undefined) return await privateEngine(needs);
  return { docker: onMachine, buildNetwork: 'host', end: async () => {} };
}

/**
 * A Docker engine from Debian's packages, in a private copy of a Debian with namespaces and a cgroup of its own. It has
 * no image but `baseImage`. `end` it; it ends with this process at the latest.
 */
export async function privateEngine({ shared = [], packages = [] }: EngineNeeds): Promise<PrivateEngine> {
  const base = await cachedRoot([]);
  const archive = packages.length > 0 ? await packageArchive(packages) : undefined;
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
      shared: [base, ...(archive ? [archive] : []), ...shared],
    });
    const engine: PrivateEngine = { docker: dockerOf(machine), buildNetwork: 'none', pid: machine.pid, end };
    await answers(engine, machine);
    const files = [
      '--exclude=./.complete',
      '-C',
      base,
      '.',
      ...(archive ? ['-C', archive, ...archiveFiles] : []),
    ];
    await inside(machine, ['bash', '-c', importImage, 'bash', baseImage, ...files]);
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
