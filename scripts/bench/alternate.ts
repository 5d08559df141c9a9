import { mkdtemp, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { measure, type Work, WorkFailed } from './measure.ts';
import { say } from './progress.ts';
import type { Contestant } from './results.ts';
import { median } from './statistics.ts';

/** A program that takes part, and what surrounds each of its runs without being measured. */
export interface Entrant {
  name: string;
  vya?: boolean;
  /** What the page shows. */
  command: string;
  work: Work;
  /** Takes part in every other round, because it takes long and stands there for orientation. */
  slow?: boolean;
  /** It may be missing, or fail: then the page says so. What is not optional ends the benchmark. */
  optional?: boolean;
  missing?: string | undefined;
  before?: () => Promise<void>;
  /** Looks at what came of a run; answers with the bytes on disk, where that is of interest. */
  after?: () => Promise<number | void>;
  /** Files and folders that a run leaves, taken away before and after each. */
  leaves?: string[];
}

/**
 * Runs every program once a round, each round beginning with another one, and keeps all that was measured.
 *
 * @param leavesThousands what runs leave is removed at the end only: a file system may search past all that was lately removed
 *   whenever a file is made (ext4 without a journal: `recently_deleted` in Linux' fs/ext4/ialloc.c), and then those would pay who
 *   run next
 */
export async function alternate(
  entrants: readonly Entrant[],
  runs: number,
  { leavesThousands = false } = {},
): Promise<Contestant[]> {
  const beside = entrants.flatMap(({ leaves = [] }) => leaves)[0];
  const aside = leavesThousands && beside ? await mkdtemp(join(dirname(beside), 'aside-')) : undefined;
  try {
    return await rounds(entrants, runs, aside);
  } finally {
    if (aside !== undefined) await rm(aside, { recursive: true, force: true });
  }
}

async function rounds(
  entrants: readonly Entrant[],
  runs: number,
  aside: string | undefined,
): Promise<Contestant[]> {
  const contestants = entrants.map((entrant): Contestant => {
    const { name, vya = false, command, missing } = entrant;
    return { name, vya, command, runs: [], ...(missing !== undefined && { missing }) };
  });
  for (let round = 0; round < runs; round += 1) {
    for (let place = 0; place < entrants.length; place += 1) {
      const index = (round + place) % entrants.length;
      const [entrant, contestant] = [entrants[index] as Entrant, contestants[index] as Contestant];
      if (contestant.missing !== undefined || (entrant.slow && round % 2 === 1)) continue;
      await runOnce(entrant, contestant, aside);
    }
  }
  for (const { name, runs: all, missing } of contestants) {
    const seconds = median(all.map(({ wall }) => wall));
    say(`    ${name}: ${missing ?? `median ${seconds.toFixed(2)} s`}`);
  }
  return contestants;
}

/** `aside`: where to move what the run leaves; undefined: remove it. */
async function runOnce(entrant: Entrant, contestant: Contestant, aside: string | undefined): Promise<void> {
  const away = (path: string) =>
    aside === undefined ? rm(path, { recursive: true, force: true }) : moveInto(aside, path);
  const clear = () => Promise.all((entrant.leaves ?? []).map(away));
  await clear();
  await entrant.before?.();
  try {
    const { wall, cpu, peak } = await measure(entrant.work);
    const disk = await entrant.after?.();
    contestant.runs.push({
      wall,
      cpu,
      ...(peak !== undefined && { peak }),
      ...(typeof disk === 'number' && { disk }),
    });
    say(`      ${entrant.name}: ${wall.toFixed(2)} s, CPU ${cpu.toFixed(2)} s`);
  } catch (error) {
    if (!(error instanceof WorkFailed)) throw error;
    if (!entrant.optional) throw new Error(`${entrant.name} ${error.message}`, { cause: error });
    contestant.missing = `fails here: ${lastLine(error.message)}`;
    contestant.runs = [];
  } finally {
    await clear();
  }
}

async function moveInto(folder: string, path: string): Promise<void> {
  const place = await mkdtemp(join(folder, 'run-'));
  await rename(path, join(place, 'left')).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'ENOENT') throw error;
  });
}

/** What a program said last, without what its logging puts before it. */
export function lastLine(message: string): string {
  return (message.split('\n').at(-1) ?? '').replace(/^.*CRITICAL \*\*: [\d:.]+: /, '');
}
