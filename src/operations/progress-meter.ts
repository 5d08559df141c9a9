import type { ProgressTask } from './context.ts';

/**
 * One figure for work that several programs do, beside or after each other: each counts its own bytes from nothing, and the task
 * is told of all of them.
 *
 * @returns a function that gives each of them a counter
 */
export function progressMeter(task: ProgressTask): () => (bytes: number) => void {
  const counts: number[] = [];
  return () => {
    const index = counts.push(0) - 1;
    return (bytes) => {
      counts[index] = Math.max(counts[index] ?? 0, bytes);
      task.update(counts.reduce((sum, each) => sum + each, 0));
    };
  };
}
