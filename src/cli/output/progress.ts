import type { Progress } from '../../operations/context.ts';
import type { Log } from '../../log.ts';
import { clip } from './display-width.ts';
import { formatBytes, formatDuration, printable } from './format.ts';

/** Milliseconds between two log lines about the same work. */
const logInterval = 30_000;
/** Milliseconds between two drawings on a terminal. */
const drawInterval = 200;

/** What is at work, as far as it is known. */
interface Task {
  label: string;
  started: number;
  bytes: number;
  total: number | undefined;
}

/** Shows one line on a terminal that is overwritten, and a log line now and then elsewhere. `clear` leaves the line empty. */
export function createProgress(
  out: NodeJS.WriteStream,
  log: Log,
  { quiet, dumb }: { quiet: boolean; dumb: boolean },
): Progress & { clear(): void } {
  const draw = !quiet && !dumb && out.isTTY ? drawOn(out) : undefined;
  const tasks = new Set<Task>();
  // The first drawing waits for nothing, however young this process is.
  let drawn = -Infinity;
  return {
    clear: () => draw?.(''),
    note(text, fields) {
      log.warning(fields, text);
      draw?.(text);
    },
    begin(label, total) {
      const task: Task = { label, started: performance.now(), bytes: 0, total };
      let logged = task.started;
      tasks.add(task);
      return {
        update(bytes) {
          task.bytes = bytes;
          const now = performance.now();
          if (draw && now - drawn >= drawInterval) {
            drawn = now;
            draw(describeAll([...tasks], now));
          }
          if (!draw && !quiet && now - logged >= logInterval) {
            logged = now;
            log.info({}, describe(task, now));
          }
        },
        done() {
          tasks.delete(task);
          if (tasks.size === 0) draw?.('');
        },
      };
    },
  };
}

/** One thing in full; of several at the same time what each has done, and how fast they are together. */
function describeAll(tasks: readonly Task[], now: number): string {
  const [first, ...others] = tasks;
  if (first === undefined) return '';
  if (others.length === 0) return describe(first, now);
  const rate = tasks.reduce((sum, task) => sum + rateOf(task, now), 0);
  const each = tasks.map((task) => `${task.label} ${formatBytes(task.bytes)}${shareOf(task)}`);
  return `${formatBytes(rate)}/s, ${each.join(', ')}`;
}

/** `shop: 1.2 GB, 96 MB/s, 12 s, 40 %` */
function describe(task: Task, now: number): string {
  const rate = formatBytes(rateOf(task, now));
  return `${task.label}: ${formatBytes(task.bytes)}, ${rate}/s, ${formatDuration(now - task.started)}${shareOf(task, ', ')}`;
}

function rateOf({ bytes, started }: Task, now: number): number {
  return now > started ? (bytes / (now - started)) * 1000 : 0;
}

/** A share only where the whole is known, and never over 99 before the end. */
function shareOf({ bytes, total }: Task, before = ' '): string {
  return total ? `${before}${Math.min(99, Math.floor((bytes / total) * 100))} %` : '';
}

function drawOn(out: NodeJS.WriteStream): (line: string) => void {
  let empty = true;
  return (line) => {
    if (line === '' && empty) return;
    empty = line === '';
    out.write(`\r\u001B[K${clip(printable(line), (out.columns || 80) - 1)}`);
  };
}
