import { type Comparison, type Contestant, measured, type Results, type Target } from './results.ts';
import { median, spread } from './statistics.ts';

/** The page as Markdown. `plot`: the file's name beside it. */
export function renderPage(results: Results, plot: string): string {
  const { comparisons } = results;
  const compared = comparisons.reduce((sum, each) => sum + each.compared, 0);
  return `# Benchmarks

Made by \`npm run bench\`; do not edit. vya ${results.vya}, ${results.date}, ${results.commandLines.map((line) => `\`${line}\``).join(' and ')}.

Programs that do the same work run alternately, each round beginning with another one. Figures are medians, with the least
and the most in parentheses; ratios are ratios of medians. CPU is user and system time of a program and all that it
starts; the server is not among them. vya runs as it is published, on the built program. Memory is what vya's own process
holds for itself (RssAnon), at most. **${compared} restores were compared with their source, table by table, by checksums that the server
made: all were equal**; the benchmark fails when one differs.

## Targets

${table(['what', 'where', 'at most', 'measured', ''], comparisons.flatMap(targetRows))}

![Wall time of vya and its peers](${plot})

${comparisons.map(section).join('\n')}
## The machine

${table(['', ''], results.machine)}

## The data

${table(['', ''], results.data)}

A shop, made from a seed: keys, UUIDs, names, prices, dates, JSON, prose of words that are as frequent as words are (Zipf's
law), and some random bytes; seven tables of which one holds 40 % of everything, with secondary keys, foreign keys, views, a
trigger and routines.

## Running it

\`\`\`sh
npm run bench -- --help                          # every option
npm run bench                                    # everything, over an hour on two cores
npm run bench -- --size 100M --runs 3            # a first look
npm run bench -- --only backup restore --servers mariadb-10.11
npm run bench -- --render                        # this page again, from benchmarks.json
\`\`\`

Servers start by themselves as they do for \`npm test\`, and end with the benchmark. mydumper, myloader and pigz take part where they
are installed. Leave the machine alone while it runs: what else it does falls on whoever is at work at that moment.
`;
}

export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((cell) => cell.replaceAll('|', String.raw`\|`)).join(' | ')} |`;
  return [line(head), `|${head.map(() => '---|').join('')}`, ...rows.map(line)].join('\n');
}

function targetRows(comparison: Comparison): string[][] {
  return comparison.targets.map((target) => {
    const value = measured(comparison, target, takeFor(target));
    const missing = value === undefined || Number.isNaN(value);
    return [
      target.what,
      comparison.title,
      formatted(target, target.atMost),
      missing ? '–' : formatted(target, value),
      missing ? 'not measured' : value <= target.atMost ? 'met' : '**not met**',
    ];
  });
}

/** Memory counts by its largest value; time, and a difference of memory, by the median. */
export function takeFor(target: Target): { one: (values: readonly number[]) => number } {
  return { one: target.measure === 'peak' && !target.difference ? (values) => Math.max(...values) : median };
}

function formatted(target: Target, value: number): string {
  if (target.over !== undefined && !target.difference) {
    // As far as it takes to show on which side of the limit it is.
    const hardly = value > target.atMost && value.toFixed(2) === target.atMost.toFixed(2);
    return value.toFixed(hardly ? 3 : 2);
  }
  return target.measure === 'peak' ? megabytes(value) : seconds(value);
}

export const megabytes = (bytes: number): string => `${(bytes / 1e6).toFixed(bytes < 1e7 ? 2 : 1)} MB`;
export const seconds = (value: number): string => `${value.toFixed(value < 10 ? 3 : 1)} s`;

function section({ title, contestants, notes }: Comparison): string {
  const has = (key: 'peak' | 'disk'): boolean =>
    contestants.some(({ runs }) => runs.some((run) => run[key] !== undefined));
  const [peak, disk] = [has('peak'), has('disk')];
  const head = [
    '',
    'wall',
    'CPU',
    'vya’s wall : its',
    ...(disk ? ['on disk'] : []),
    ...(peak ? ['memory'] : []),
    'runs',
  ];
  const vya = contestants.find((each) => each.vya);
  const rows = contestants.map((each) => {
    const values = (key: 'wall' | 'cpu' | 'peak' | 'disk'): number[] =>
      each.runs.map((run) => run[key]).filter((value) => value !== undefined);
    if (each.runs.length === 0)
      return [nameOf(each), each.missing ?? 'did not run', ...head.slice(3).map(() => ''), ''];
    return [
      nameOf(each),
      withSpread(values('wall')),
      withSpread(values('cpu')),
      each === vya || !vya
        ? ''
        : (median(vya.runs.map(({ wall }) => wall)) / median(values('wall'))).toFixed(2),
      ...(disk ? [values('disk').length > 0 ? megabytes(median(values('disk'))) : ''] : []),
      ...(peak ? [values('peak').length > 0 ? megabytes(Math.max(...values('peak'))) : ''] : []),
      String(each.runs.length),
    ];
  });
  const said = notes.map((note) => `\n${note}\n`).join('');
  return `## ${title}\n\n${table(head, rows)}\n${said}`;
}

function nameOf({ name, vya }: Contestant): string {
  return vya ? `**${name}**` : `\`${name}\``;
}

function withSpread(values: readonly number[]): string {
  const [least, most] = spread(values);
  return `${seconds(median(values))} (${least.toFixed(2)}–${most.toFixed(2)})`;
}
