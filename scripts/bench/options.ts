import { parseArgs } from 'node:util';
import type { TestedKind } from '../../tests/servers/kinds.ts';

export const rowNames = [
  'backup',
  'restore',
  'memory',
  'large',
  'many',
  'tree',
  'retention',
  'startup',
  'codecs',
] as const;
export type RowName = (typeof rowNames)[number];

export interface BenchOptions {
  /** Bytes of SQL per server. */
  size: number;
  /** Bytes of SQL of the large database, whose backup must take no more memory and in which what stays the same weighs less. */
  largeSize: number;
  servers: TestedKind[];
  runs: number;
  rows: RowName[];
  /** How many small databases, and how many backups in the tree. */
  databases: number;
  backups: number;
  /** The page; the raw results and the plot lie beside it. */
  out: string;
  /** Keeps what the raw results hold of other rows and servers. */
  add: boolean;
  /** Makes the page again from the raw results, and measures nothing. */
  render: boolean;
  /** The program to measure, instead of one that is built first. */
  program: string | undefined;
  help: boolean;
}

const allServers: TestedKind[] = ['mariadb-10.11', 'mysql-9.7', 'postgresql-15', 'postgresql-18'];

export const usage = `Usage: npm run bench -- [options]

Measures vya against what people use today, alternately, and compares every restore with its source.

  --size SIZE        SQL per server: 50M, 1G, … (default: 1G)
  --large-size SIZE  SQL of the database for the rows “memory” and “large” (default: 4 times --size)
  --servers KIND…    ${allServers.join(', ')} (default: all but postgresql-15)
  --runs N           rounds of each comparison; slow programs take part in every other one (default: 5)
  --only ROW…        ${rowNames.join(', ')} (default: all)
  --databases N      small databases in the row “many” (default: 200)
  --backups N        backups in the row “tree” (default: 10000)
  --out FILE         the page; .json and .svg come to lie beside it (default: docs/benchmarks.md)
  --add              keep what the .json holds of rows and servers that are not measured now
  --render           make the page and the plot again from the .json, without measuring
  --program FILE     measure this main.js instead of building dist first
  --help             print this help
`;

/** Reads the command line. Throws for what it does not know, with the usage. */
export function readOptions(args: readonly string[]): BenchOptions {
  const { values, positionals } = parseArgs({
    args: spread(args),
    allowPositionals: false,
    options: {
      size: { type: 'string', default: '1G' },
      'large-size': { type: 'string' },
      servers: { type: 'string', multiple: true, default: ['mariadb-10.11', 'mysql-9.7', 'postgresql-18'] },
      runs: { type: 'string', default: '5' },
      only: { type: 'string', multiple: true, default: [...rowNames] },
      databases: { type: 'string', default: '200' },
      backups: { type: 'string', default: '10000' },
      out: { type: 'string', default: 'docs/benchmarks.md' },
      add: { type: 'boolean', default: false },
      render: { type: 'boolean', default: false },
      program: { type: 'string' },
      help: { type: 'boolean', default: false },
    },
  });
  if (positionals.length > 0) throw new Error(usage);
  const size = readSize(values.size);
  return {
    size,
    largeSize: values['large-size'] === undefined ? 4 * size : readSize(values['large-size']),
    servers: chosen('server', allServers, values.servers),
    runs: readCount(values.runs),
    rows: chosen('row', rowNames, values.only),
    databases: readCount(values.databases),
    backups: readCount(values.backups),
    out: values.out,
    add: values.add,
    render: values.render,
    program: values.program,
    help: values.help,
  };
}

/** Lets `--servers a b` stand for `--servers a --servers b`. */
function spread(args: readonly string[]): string[] {
  const lists = new Set(['--servers', '--only']);
  let list: string | undefined;
  return args.flatMap((arg) => {
    if (arg.startsWith('-')) {
      list = lists.has(arg) ? arg : undefined;
      return list === undefined ? [arg] : [];
    }
    return list === undefined ? [arg] : [`${list}=${arg}`];
  });
}

/** Bytes of `50M`, `1G` or `4096`. Powers of 1024. */
export function readSize(text: string): number {
  const match = /^(\d+(?:\.\d+)?)([KMG]?)B?$/i.exec(text);
  const bytes = Math.round(Number(match?.[1]) * 1024 ** ' KMG'.indexOf((match?.[2] || ' ').toUpperCase()));
  if (!(bytes > 0)) throw new Error(`“${text}” is not a size like 50M or 1G\n\n${usage}`);
  return bytes;
}

function readCount(text: string): number {
  const count = Number(text);
  if (!Number.isSafeInteger(count) || count < 1)
    throw new Error(`“${text}” is not a number from 1 up\n\n${usage}`);
  return count;
}

function chosen<Name extends string>(what: string, known: readonly Name[], names: readonly string[]): Name[] {
  const unknown = names.filter((name) => !known.some((each) => each === name));
  if (unknown.length > 0) throw new Error(`There is no ${what} ${unknown.join(', ')}\n\n${usage}`);
  return known.filter((name) => names.includes(name));
}
