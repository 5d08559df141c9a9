import type { Snapshot, TableMeasure } from '../../db/snapshot.ts';

/**
 * Dumps tables and, where there is a snapshot, measures them in the same moment, at the same time. A failure of one ends the other,
 * and is thrown.
 *
 * @param dump ends early when its signal aborts
 */
export async function dumpAndMeasure<T>(
  snapshot: Snapshot | undefined,
  dump: (signal: AbortSignal) => Promise<T>,
  signal: AbortSignal,
): Promise<{ dumped: T; measures?: TableMeasure[] }> {
  if (!snapshot) return { dumped: await dump(signal) };
  const failed = new AbortController();
  const dumping = dump(AbortSignal.any([signal, failed.signal]));
  const measuring = snapshot.joined({ ended: dumping }).then(() => snapshot.measure());
  measuring.catch((error: unknown) => failed.abort(error));
  dumping.catch(() => snapshot.close().catch(() => {}));
  const [dumped, measures] = await Promise.allSettled([dumping, measuring]);
  // A dump that was ended because the measures failed fails with their error.
  if (dumped.status === 'rejected') throw dumped.reason;
  if (measures.status === 'rejected') throw measures.reason;
  return { dumped: dumped.value, measures: measures.value };
}
