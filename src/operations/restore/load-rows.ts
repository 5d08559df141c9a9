import { stat } from 'node:fs/promises';
import type { StoredPart } from '../../db/adapter.ts';
import { VyaError } from '../../errors.ts';
import type { OperationContext } from '../context.ts';
import type { Session } from '../session.ts';
import { together } from '../together.ts';
import { summarize } from './compare.ts';
import type { LoadRequest } from './load.ts';
import { loadText } from './load-part.ts';

/**
 * Fills empty tables from parts that hold rows alone, several at the same time and the largest first. Keys that are built faster over
 * rows that are there are taken off before and put on afterwards; then every table must have the keys that it had.
 *
 * @throws VyaError as `load` throws it; `verification` when a key did not come back
 */
export async function loadRows(
  session: Session,
  parts: readonly StoredPart[],
  { database, inventory, options: { jobs } }: LoadRequest,
  load: (part: StoredPart, signal: AbortSignal) => Promise<void>,
  context: OperationContext,
): Promise<void> {
  // One job is the plain way: every statement in its turn, and keys as they are.
  const keys = jobs > 1 ? await session.adapter.deferKeys(database, inventory, session.programs) : undefined;
  const change = async (lists: readonly (readonly Buffer[])[]): Promise<void> => {
    for (const list of lists) {
      await together(list, jobs, context.signal, (text, signal) =>
        loadText(session, database, keys!.command(), text, { ...context, signal }),
      );
    }
  };
  await change(keys?.off ?? []);
  await together(await largestFirst(parts), jobs, context.signal, load);
  await change(keys?.on ?? []);
  const differences = (await keys?.differences()) ?? [];
  if (differences.length === 0) return;
  throw new VyaError('verification', `Keys did not come back as they were: ${summarize(differences)}`, {
    hint: 'This is a bug in vya: report the definition of that table. With --jobs 1 keys stay where they are.',
  });
}

async function largestFirst(parts: readonly StoredPart[]): Promise<StoredPart[]> {
  const sized = await Promise.all(parts.map(async (part) => ({ part, size: (await stat(part.path)).size })));
  return sized.toSorted((a, b) => b.size - a.size).map(({ part }) => part);
}
