import { execFile } from 'node:child_process';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { env, execPath } from 'node:process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const root = fileURLToPath(new URL('../..', import.meta.url));

/** vya as `npm install --global` leaves it. */
export interface Installation {
  /** What `vya` on PATH starts. */
  main: string;
  /** The folder of the package. */
  folder: string;
  remove(): Promise<void>;
}

/** Builds and packs this checkout, and installs the package where nothing else is, without asking any registry. */
export async function installVya(): Promise<Installation> {
  const path = await mkdtemp(join(tmpdir(), 'vya-test-installed-'));
  await npm(['pack', '--ignore-scripts=false', '--pack-destination', path]);
  const [tarball] = (await readdir(path)).filter((name) => name.endsWith('.tgz'));
  const prefix = join(path, 'prefix');
  await npm(['install', '--global', '--offline', '--prefix', prefix, join(path, tarball as string)]);
  return {
    main: join(prefix, 'bin/vya'),
    folder: join(prefix, 'lib/node_modules/vya-backupdb'),
    remove: () => rm(path, { recursive: true, force: true }),
  };
}

async function npm(args: readonly string[]): Promise<void> {
  const PATH = [dirname(execPath), env['PATH']].join(delimiter);
  await promisify(execFile)('npm', args, { cwd: root, env: { ...env, PATH } });
}
