/** Backs up, breaks and restores at random until the time is over: `npm run soak -- --minutes 10 --seed 1`. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { argv, env } from 'node:process';
import { ledgerVariable, readLedger, sumUp } from '../faults/ledger.ts';
import { dice } from '../samples/random.ts';
import { type Field, openField } from './field.ts';
import { readOptions } from './options.ts';
import { backUpThrough, Loss, pruneThrough, replaceThrough, restoreThrough, verifyAll } from './rounds.ts';
import { type Trouble, troublesFor } from './troubles.ts';

const { minutes, seed, kinds } = readOptions(argv.slice(2));
const say = (text: string): void => void process.stderr.write(`${text}\n`);
const own = mkdtempSync(join(tmpdir(), 'vya-soak-'));
const ledger = join(own, 'ledger.jsonl');
env[ledgerVariable] = ledger;

const chance = dice(seed);
const until = Date.now() + minutes * 60_000;
let stopped = false;
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => (stopped = true));
const counts = { backups: 0, restores: 0, rounds: 0 };
const losses: string[] = [];

say(`Soaking ${kinds.join(', ')} for ${minutes} minutes, seed ${seed}.`);
const fields: Field[] = [];
try {
  for (const kind of kinds) fields.push(await openField(kind));
  const [first] = fields;
  const exact = (await first?.space.vya(['backup', '--help']))?.stdout.includes('--exact') ?? false;
  if (!first?.disk) say('NOT DONE HERE: filling the disk; no file system can be mounted.');
  while (Date.now() < until && losses.length === 0 && !stopped) {
    for (const field of fields) await round(field, exact);
    say(`${counts.rounds} rounds, ${readLedger(ledger).length} faults, ${counts.restores} restores compared`);
  }
  for (const field of fields) await restoreAll(field);
} finally {
  // What was lost is left for a look.
  for (const field of fields)
    if (losses.length === 0) await field.close();
    else await field.server.stop();
}
report();

async function round(field: Field, exact: boolean): Promise<void> {
  counts.rounds += 1;
  const troubles = troublesFor(field);
  const trouble = (): Trouble | undefined => chance.pick(troubles);
  await orLoss(field, async () => {
    await backUpThrough(field, trouble(), chance, exact);
    await pruneThrough(field, trouble(), chance);
    await verifyAll(field);
    // The newest, and one of the others.
    const ids = [...field.known.keys()];
    for (const id of new Set([ids.at(-1) as string, chance.pick(ids)])) {
      await restoreThrough(field, id, chance.chance(0.4) ? trouble() : undefined, chance);
      counts.restores += 1;
    }
    if (chance.chance(0.4)) {
      const gentle = trouble();
      await replaceThrough(
        field,
        chance.pick(ids),
        gentle?.name === 'SIGKILL to vya' ? undefined : gentle,
        chance,
      );
    }
  });
}

/** At the end every backup that is listed is restored and compared. */
async function restoreAll(field: Field): Promise<void> {
  await orLoss(field, async () => {
    await verifyAll(field);
    for (const id of field.known.keys()) {
      await restoreThrough(field, id, undefined, chance);
      counts.restores += 1;
    }
    counts.backups += field.known.size;
  });
}

async function orLoss(field: Field, work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (error) {
    if (!(error instanceof Loss)) throw error;
    losses.push(
      `${field.kind}, round ${counts.rounds}: ${error.message}\n  storage: ${field.space.storagePath}`,
    );
    say(losses.at(-1) as string);
  }
}

function report(): void {
  const faults = readLedger(ledger);
  const { text, good } = sumUp(faults);
  for (const [what, times] of tally(faults.map((fault) => fault.what)))
    say(`${String(times).padStart(5)}  ${what}`);
  const work = `${counts.rounds} rounds, ${counts.restores} restores compared, ${counts.backups} backups whole at the end`;
  process.stdout.write(`${work}; seed ${seed}\n${[...losses, text].join('\n')}\n`);
  if (!good || losses.length > 0) process.exitCode = 1;
  rmSync(own, { recursive: true });
}

function tally(names: readonly string[]): [name: string, times: number][] {
  const times = new Map<string, number>();
  for (const name of names) times.set(name, (times.get(name) ?? 0) + 1);
  return [...times].sort(([a], [b]) => (a < b ? -1 : 1));
}
