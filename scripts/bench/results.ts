import type { RowName } from './options.ts';

/** One run of one program. */
export interface Run {
  /** Seconds by the clock. */
  wall: number;
  /** Seconds of user and system time of the program and all that it started; the server is not among them. */
  cpu: number;
  /** Bytes of vya's own anonymous memory, at most. */
  peak?: number;
  /** Bytes that it left on disk. */
  disk?: number;
}

export interface Contestant {
  name: string;
  vya: boolean;
  /** What was run, for the page. */
  command: string;
  runs: Run[];
  /** Why there are no runs. */
  missing?: string;
}

export type Measure = 'wall' | 'cpu' | 'peak';

/** What is to be reached: a ratio of medians, a difference of the largest values, or a largest value. */
export interface Target {
  /** As the issue words it. */
  what: string;
  measure: Measure;
  of: string;
  /** Absent: the value itself is held to the limit. */
  over?: string;
  /** With `over`: the difference counts and not the ratio. */
  difference?: boolean;
  /** A ratio, seconds or bytes. */
  atMost: number;
}

/** Programs that did the same work, alternately. */
export interface Comparison {
  row: RowName;
  title: string;
  contestants: Contestant[];
  targets: Target[];
  /** Restores that were compared with their source, and equalled it. */
  compared: number;
  notes: string[];
}

export interface Results {
  date: string;
  commandLines: string[];
  vya: string;
  machine: [what: string, value: string][];
  data: [what: string, value: string][];
  comparisons: Comparison[];
}

/** The results of two runs: a comparison that both have is taken from the later one, and stays in its place. */
export function added(earlier: Results, later: Results): Results {
  const replaced = earlier.comparisons.map(
    (each) => later.comparisons.find(({ title }) => title === each.title) ?? each,
  );
  const fresh = later.comparisons.filter(({ title }) => replaced.every((each) => each.title !== title));
  return {
    ...later,
    commandLines: [...new Set([...earlier.commandLines, ...later.commandLines])],
    machine: [...new Map([...earlier.machine, ...later.machine])],
    data: [...new Map([...earlier.data, ...later.data])],
    comparisons: [...replaced, ...fresh],
  };
}

/** The value that a target is about; undefined where one of its programs did not run. */
export function measured(comparison: Comparison, target: Target, take: Take): number | undefined {
  const of = valuesOf(comparison, target.of, target.measure);
  if (of.length === 0) return undefined;
  if (target.over === undefined) return take.one(of);
  const over = valuesOf(comparison, target.over, target.measure);
  if (over.length === 0) return undefined;
  return target.difference ? take.one(of) - take.one(over) : take.one(of) / take.one(over);
}

/** How many runs become one number: a median, or the largest for memory. */
interface Take {
  one(values: readonly number[]): number;
}

export function valuesOf(comparison: Comparison, name: string, measure: Measure): number[] {
  const contestant = comparison.contestants.find((each) => each.name === name);
  return (contestant?.runs ?? []).map((run) => run[measure]).filter((value) => value !== undefined);
}
