/** Measures vya against what people use today: `npm run bench -- --help`. */
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { basename, dirname, resolve } from 'node:path';
import { type BenchOptions, readOptions, usage } from './options.ts';
import { type Field, openField } from './field.ts';
import { assertGoingOn, endWork } from './measure.ts';
import { renderPage } from './page.ts';
import { renderPlot } from './plot.ts';
import { say } from './progress.ts';
import type { Results } from './results.ts';
import { runRows } from './rows.ts';
import { buildVya } from './vya.ts';

const fields: Field[] = [];

async function bench(options: BenchOptions): Promise<Results> {
  const program = options.program === undefined ? await buildVya() : resolve(options.program);
  for (const kind of options.servers) {
    assertGoingOn();
    fields.push(await openField(kind));
  }
  return await runRows(options, program, fields);
}

/** The page, its plot, and what both are made from. */
async function write(out: string, results: Results): Promise<void> {
  const stem = out.replace(/\.md$/, '');
  await mkdir(dirname(out), { recursive: true });
  await writeFile(`${stem}.json`, `${JSON.stringify(results, null, 1)}\n`);
  await writeFile(`${stem}.svg`, renderPlot(results));
  await writeFile(`${stem}.md`, renderPage(results, `${basename(stem)}.svg`));
  say(`Wrote ${stem}.md, ${stem}.svg and ${stem}.json.`);
}

async function main(options: BenchOptions): Promise<void> {
  if (options.help) return void process.stdout.write(usage);
  const raw = options.out.replace(/\.md$/, '.json');
  if (options.render) return write(options.out, JSON.parse(await readFile(raw, 'utf8')) as Results);
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
