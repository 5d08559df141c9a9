import { spawnSync } from 'node:child_process';
import { glob, mkdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { stringify } from 'yaml';
import type { Entrant } from './alternate.ts';
import type { Field } from './field.ts';
import { measure } from './measure.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));

/** vya with a configuration of its own for one field. */
export interface Vya {
  storage: string;
  /** A line of shell that runs it. */
  line(args: readonly string[]): string;
  /** It as one of several that are compared. */
  entrant(name: string, args: readonly string[]): Entrant;
  /** Runs it once, without measuring, and answers with what it printed. */
  run(args: readonly string[]): Promise<string>;
}

/** What the manifest of a backup tells of how it was made. */
export interface Made {
  id: string;
  client: { program: string };
  options: string[];
  compression: { level: number };
  files: { size: number }[];
}

/** Builds the program as it is published, and answers with its path. */
export async function buildVya(): Promise<string> {
  const built = spawnSync('npm', ['run', '--silent', 'build'], { cwd: root, stdio: ['ignore', 2, 2] });
  if (built.status !== 0) throw new Error('npm run build failed; its message is above.');
  const { bin } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8')) as { bin: { vya: string } };
  return join(root, bin.vya);
}

export async function configureVya(
  field: Field,
  program: string,
  name: string,
  databases: readonly string[],
): Promise<Vya> {
  const folder = join(field.folder, name);
  const storage = join(folder, 'storage');
  const configPath = join(folder, 'config', 'config.yaml');
  const line = (args: readonly string[]): string =>
    [process.execPath, program, '--config', configPath, ...args].map(quote).join(' ');
  const { type, server } = field;
  const config = {
    instances: [{ id: 'main', type, host: server.host, port: server.port, databases, accounts: false }],
    storage: { base_path: storage },
    retention: { daily: 7, weekly: 4, monthly: 12, keep_last: 3, timezone: 'UTC' },
    logging: { level: 'WARNING' },
  };
  await mkdir(join(folder, 'config'), { recursive: true, mode: 0o700 });
  await mkdir(storage, { mode: 0o700 });
  await writeFile(configPath, stringify(config), { mode: 0o600 });
  const login = line(['credentials', 'set', 'main', '--username', server.admin.user]);
  await measure({ script: `echo ${quote(server.admin.password)} | ${login}`, env: field.env });
  const run = async (args: readonly string[]): Promise<string> =>
    (await measure({ script: line(args), env: field.env })).stdout;
  const entrant = (shown: string, args: readonly string[]): Entrant => ({
    name: shown,
    vya: true,
    command: `vya ${args.join(' ')}`,
    work: { script: line(args), env: field.env, watched: true },
  });
  return { storage, line, entrant, run };
}

/** The newest backup's manifest. */
export async function newestManifest({ storage }: Vya, database: string): Promise<Made> {
  const found: string[] = [];
  for await (const path of glob(`main/${database}/*/manifest.json`, { cwd: storage })) found.push(path);
  const newest = found.toSorted().at(-1);
  if (newest === undefined) throw new Error(`vya made no backup of ${database}`);
  return JSON.parse(await readFile(join(storage, newest), 'utf8')) as Made;
}

/** Removes all backups. */
export async function emptyStorage({ storage }: Vya): Promise<void> {
  await rm(storage, { recursive: true, force: true });
  await mkdir(storage, { mode: 0o700 });
}

/** The bytes of all files of a folder, or of one file. */
export async function sizeOf(path: string): Promise<number> {
  const { size } = await stat(path).then((found) => (found.isFile() ? found : { size: 0 }));
  if (size > 0) return size;
  let sum = 0;
  for await (const entry of glob('**/*', { cwd: path, withFileTypes: true })) {
    if (entry.isFile()) sum += (await stat(join(entry.parentPath, entry.name))).size;
  }
  return sum;
}

/** A word as a shell reads it back unchanged. */
export function quote(word: string): string {
  return /^[\w./:=@%+,-]+$/.test(word) ? word : `'${word.replaceAll("'", String.raw`'\''`)}'`;
}
