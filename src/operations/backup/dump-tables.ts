import type { DumpPart } from '../../db/adapter.ts';
import type { Snapshot, TableMeasure } from '../../db/snapshot.ts';

export interface TablesRequest<Dumped> {
  /** Are dumped at the same time. */
  parts: readonly DumpPart[];
  /** Ends early when its signal aborts. */
  dump: (part: DumpPart, signal: AbortSignal) => Promise<Dumped>;
  /** The moment that all of them read from. */
  snapshot: Snapshot | undefined;
  measured: boolean;
}

/**
 * Dumps what holds rows and, where that is wanted, measures the tables in the same moment, at the same time. The first failure ends
 * everything else, and is thrown once that has ended.
 */
export async function dumpTables<Dumped>(
  { parts, dump, snapshot, measured }: TablesRequest<Dumped>,
  signal: AbortSignal,
): Promise<{ stored: Dumped[]; measures?: TableMeasure[] }> {
  const failed = new AbortController();
  const limited = AbortSignal.any([signal, failed.signal]);
  const dumps = parts.map((part) => ({ ...part, ended: dump(part, limited) }));
  const measuring = snapshot
    ?.joined(dumps)
    .then(async () => (measured ? await snapshot.measure() : undefined));
  const dumping = dumps.map(({ ended }) => ended);
  for (const work of [...dumping, measuring]) work?.catch((error: unknown) => failed.abort(error));
  // Ends counts that are being taken, too.
  failed.signal.addEventListener('abort', () => void snapshot?.close().catch(() => {}));
  await Promise.allSettled([...dumping, measuring]);
  if (failed.signal.aborted) throw failed.signal.reason;
  const measures = await measuring;
  return { stored: await Promise.all(dumping), ...(measures && { measures }) };
}
