import { join } from 'node:path';
import type { Entrant } from './alternate.ts';
import type { Field } from './field.ts';
import { missing } from './programs.ts';
import { type Made, quote, sizeOf } from './vya.ts';

/** What people use to dump a database, with the options that vya's own dump was made with. */
export interface Peers {
  /** The dump alone, writing SQL or an archive to standard output. */
  dump: string;
  entrants: Entrant[];
}

export function backupPeers(field: Field, database: string, made: Made): Peers {
  return field.type === 'mysql' ? mysqlPeers(field, database, made) : postgresqlPeers(field, database, made);
}

/** A pipe into a file that is synced, as vya syncs its own. */
function piped(field: Field, dump: string, shown: string, compressor: string, ending: string): Entrant {
  const file = join(field.folder, `peer.${ending}`);
  return {
    name: `${shown} | ${compressor}`,
    command: `${shown} … | ${compressor} > file; sync file`,
    work: { script: `${dump} | ${compressor} > ${quote(file)} && sync ${quote(file)}`, env: field.env },
    missing: missing(field.env, compressor.split(' ')[0] as string),
    leaves: [file],
    after: () => sizeOf(file),
  };
}

/** What the targets name, what vya used, and the fastest. */
function zstdLevels({ compression }: Made): number[] {
  return [...new Set([3, compression.level, 1])];
}

/** The options that shaped the dump of one stream, and all objects in one. */
export function mysqlDump(field: Field, database: string, { client, options }: Made): string {
  return [client.program, `--defaults-file=${field.optionFile}`, ...options, database].map(quote).join(' ');
}

function mysqlPeers(field: Field, database: string, made: Made): Peers {
  const dump = mysqlDump(field, database, made);
  const pipe = (compressor: string, ending: string) =>
    piped(field, dump, made.client.program, compressor, ending);
  return {
    dump,
    entrants: [
      ...zstdLevels(made).map((level) => pipe(`zstd -q -${level}`, 'zst')),
      { ...pipe('gzip -6', 'gz'), slow: true },
      { ...pipe('pigz -6', 'gz'), slow: true },
      mydumper(field, database, []),
      { ...mydumper(field, database, ['-c']), slow: true },
    ],
  };
}

export function mydumperLine(field: Field, database: string, options: string[], folder: string): string {
  const { admin, host, port } = field.server;
  const login = ['-h', host, '-P', String(port), '-u', admin.user, '-p', admin.password];
  const all = [
    '-t',
    '2',
    ...options,
    '--trx-consistency-only',
    '-G',
    '-E',
    '-R',
    '-B',
    database,
    '-o',
    folder,
  ];
  return ['mydumper', ...login, ...all].map(quote).join(' ');
}

function mydumper(field: Field, database: string, options: string[]): Entrant {
  const folder = join(field.folder, 'peer.mydumper');
  const name = ['mydumper -t 2', ...options].join(' ');
  return {
    name,
    command: `${name} …`,
    work: { script: mydumperLine(field, database, options, folder), env: field.env },
    optional: true,
    missing: missing(field.env, 'mydumper'),
    leaves: [folder],
    after: () => sizeOf(folder),
  };
}

/** Whether pg_dump compresses with zstd by itself. */
export function compressesItself(made: Made): boolean {
  return made.options.includes('--format=directory');
}

/** The options but for those of the shape, which each peer has of its own. */
function limitsOf({ options }: Made): string[] {
  return options.filter((option) => !/^--(format|compress|jobs)=/.test(option));
}

/** pg_dump's option for the codec and level that vya used. */
export function ownZstd({ compression }: Made): string {
  return `--compress=zstd:${compression.level}`;
}

export function pgDump(made: Made, database: string, shape: readonly string[]): string {
  return ['pg_dump', ...limitsOf(made), ...shape, '-d', database].map(quote).join(' ');
}

function postgresqlPeers(field: Field, database: string, made: Made): Peers {
  const custom = pgDump(made, database, ['-Fc', '-Z0']);
  const to = (name: string, shape: string[], more: Partial<Entrant> = {}): Entrant => {
    const place = join(field.folder, 'peer.pgdump');
    return {
      name,
      command: `${name} -f …`,
      work: { script: pgDump(made, database, [...shape, '-f', place]), env: field.env },
      leaves: [place],
      after: () => sizeOf(place),
      ...more,
    };
  };
  const own = compressesItself(made)
    ? [1, 2].map((jobs) => {
        const shape = ['-Fd', `-j${jobs}`, ownZstd(made)];
        return to(`pg_dump ${shape.join(' ')}`, shape);
      })
    : [to('pg_dump -Fd -j2 -Z0', ['-Fd', '-j2', '-Z0'])];
  return {
    dump: custom,
    entrants: [
      ...zstdLevels(made).map((level) => piped(field, custom, 'pg_dump -Fc -Z0', `zstd -q -${level}`, 'zst')),
      ...own,
      to('pg_dump -Fc', ['-Fc'], { slow: true }),
      to('pg_dump -Fd -j2', ['-Fd', '-j2'], { slow: true }),
    ],
  };
}
