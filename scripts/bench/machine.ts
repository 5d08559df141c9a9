import { spawnSync } from 'node:child_process';
import { readFile, readlink } from 'node:fs/promises';
import { cpus, release, tmpdir, totalmem } from 'node:os';
import type { Field } from './field.ts';
import { settingsOf } from './field.ts';

/** What the figures depend on. */
export async function describeMachine(fields: readonly Field[]): Promise<[what: string, value: string][]> {
  const distribution = /^PRETTY_NAME="?([^"\n]*)/m.exec(await readText('/etc/os-release'))?.[1] ?? 'unknown';
  const env = fields[0]?.env ?? process.env;
  const programs = ['zstd --version', 'gzip --version', 'pigz --version', 'mydumper --version'];
  return [
    ['processor', `${cpus()[0]?.model ?? 'unknown'}, ${cpus().length} cores`],
    ['memory', `${(totalmem() / 2 ** 30).toFixed(0)} GiB`],
    ['file system', await fileSystem()],
    ['kernel', `Linux ${release()}, ${distribution}`],
    ['Node', process.version],
    ...programs.map((line): [string, string] => [line.split(' ')[0] as string, firstLine(env, line)]),
    ...fields.map(({ kind, type, env: own }): [string, string] => {
      const clients = firstLine(own, type === 'mysql' ? 'mysqldump --version' : 'pg_dump --version');
      return [kind, `${clients}; ${settingsOf(kind).join(' ').replaceAll('-c ', '')}`];
    }),
  ];
}

async function readText(path: string): Promise<string> {
  return readFile(path, 'utf8').catch(() => '');
}

function firstLine(env: NodeJS.ProcessEnv, line: string): string {
  const [file, ...args] = line.split(' ') as [string, ...string[]];
  const { stdout, stderr, error } = spawnSync(file, args, { env, encoding: 'utf8' });
  if (error) return 'not installed';
  // A path tells of a cache folder and nothing else.
  return (
    (stdout || stderr)
      .trim()
      .split('\n')[0]
      ?.replace(/^\S*\//, '')
      .replaceAll('*', '')
      .trim() ?? ''
  );
}

/** The kind of file system that holds the backups, and whether its disk turns. */
async function fileSystem(): Promise<string> {
  const { stdout } = spawnSync('df', ['--output=fstype,source', tmpdir()], { encoding: 'utf8' });
  const [type = 'unknown', source = ''] = stdout?.trim().split('\n').at(-1)?.split(/\s+/) ?? [];
  const device = await readlink(source).then(
    (target) => target,
    () => source,
  );
  const rotational = (await readText(`/sys/block/${device.split('/').at(-1)}/queue/rotational`)).trim();
  const disk = {
    '0': ' on a disk without moving parts',
    '1': ' on a disk that reports itself as rotational',
  }[rotational];
  return `${type}${disk ?? ''}`;
}
