/** Measures vya against what people use today: `npm run bench -- --help`. */
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { basename, dirname, resolve } from 'node:path';
import { type BenchOptions, readOptions, usage } from './options.ts';
import { type Field, openField } from './field.ts';
import { describeMachine } from './machine.ts';
import { assertGoingOn, endWork } from './measure.ts';
import { renderPage } from './page.ts';
import { renderPlot } from './plot.ts';
import { say } from './progress.ts';
import { added, type Results } from './results.ts';
import { measureRows } from './rows.ts';
import { buildVya } from './vya.ts';

const fields: Field[] = [];

async function bench(options: BenchOptions): Promise<Results> {
  const program = options.program === undefined ? await buildVya() : resolve(options.program);
  const before = options.add ? await readResults(options.out) : undefined;
  for (const kind of options.servers) {
    assertGoingOn();
    fields.push(await openField(kind));
  }
  const commandLine = ['npm run bench --', ...process.argv.slice(2)].join(' ');
  const data: Results['data'] = [];
  let results: Results = {
    date: new Date().toISOString().slice(0, 10),
    commandLines: [commandLine],
    vya: await versionOf(),
    machine: await describeMachine(fields),
    data,
    comparisons: [],
  };
  if (before !== undefined) results = added(before, results);
  for await (const comparison of measureRows(options, program, fields, data)) {
    results = added(results, { ...results, data, comparisons: [comparison] });
    // A benchmark takes long: what is measured is not lost with what fails later.
    await writeFile(rawOf(options.out), `${JSON.stringify(results, null, 1)}\n`);
  }
  return results;
}

const rawOf = (out: string): string => out.replace(/(\.md)?$/, '.json');

async function readResults(out: string): Promise<Results> {
  return JSON.parse(await readFile(rawOf(out), 'utf8')) as Results;
}

async function versionOf(): Promise<string> {
  const file = new URL('../../package.json', import.meta.url);
  return (JSON.parse(await readFile(file, 'utf8')) as { version: string }).version;
}

/** The page, its plot, and what both are made from. */
async function write(out: string, results: Results): Promise<void> {
  const stem = out.replace(/\.md$/, '');
  await writeFile(rawOf(out), `${JSON.stringify(results, null, 1)}\n`);
  await writeFile(`${stem}.svg`, renderPlot(results));
  await writeFile(`${stem}.md`, renderPage(results, `${basename(stem)}.svg`));
  say(`Wrote ${stem}.md, ${stem}.svg and ${stem}.json.`);
}

async function main(options: BenchOptions): Promise<void> {
  if (options.help) return void process.stdout.write(usage);
  if (options.render) return write(options.out, await readResults(options.out));
  await mkdir(dirname(options.out), { recursive: true });
  const interrupted = new Promise<never>((_, reject) => {
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
      process.on(signal, () => reject(new Error(`ended by ${signal}`)));
  });
  const work = bench(options);
  try {
    await write(options.out, await Promise.race([work, interrupted]));
  } finally {
    endWork();
    await Promise.all(fields.map((field) => field.close()));
    // A server may have come up meanwhile.
    await work.catch(() => {});
    await Promise.all(fields.map((field) => field.close()));
  }
}

try {
  await main(readOptions(process.argv.slice(2)));
} catch (error) {
  say(`The benchmark failed: ${(error as Error).message}`);
  process.exitCode = 1;
}
