import type { Progress } from '../../operations/context.ts';
import type { Log } from '../../log.ts';
import { formatBytes, formatDuration, printable } from './format.ts';

/** Milliseconds between two log lines about the same work. */
const logInterval = 30_000;
/** Milliseconds between two drawings on a terminal. */
const drawInterval = 200;

/** Shows one line on a terminal that is overwritten, and a log line now and then elsewhere. */
export function createProgress(out: NodeJS.WriteStream, log: Log, quiet: boolean): Progress {
  const show = quiet ? () => {} : out.isTTY ? drawOn(out) : undefined;
  return {
    note(text, fields) {
      log.warning(fields, text);
      if (out.isTTY && !quiet) show?.(text);
    },
    begin(label, totalBytes) {
      const started = performance.now();
      let last = started;
      return {
        update(bytes) {
          const now = performance.now();
          if (now - last < (show ? drawInterval : logInterval)) return;
          last = now;
          const line = describe(label, bytes, now - started, totalBytes);
          if (show) show(line);
          else log.info({}, line);
        },
        done: () => show?.(''),
      };
    },
  };
}

/** `shop: 1.2 GB, 96 MB/s, 12 s, 40 %`; a share only where the whole is known, and never over 99 before the end. */
function describe(label: string, bytes: number, elapsed: number, total: number | undefined): string {
  const rate = elapsed > 0 ? (bytes / elapsed) * 1000 : 0;
  const share = total ? `, ${Math.min(99, Math.floor((bytes / total) * 100))} %` : '';
  return `${label}: ${formatBytes(bytes)}, ${formatBytes(rate)}/s, ${formatDuration(elapsed)}${share}`;
}

function drawOn(out: NodeJS.WriteStream): (line: string) => void {
  return (line) => void out.write(`\r\u001B[K${printable(line).slice(0, (out.columns || 80) - 1)}`);
}
