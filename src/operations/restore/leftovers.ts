import type { Leftover } from '../../db/replacement.ts';
import { asVyaError, VyaError } from '../../errors.ts';
import type { Session } from '../session.ts';

/**
 * Settles what runs that were killed have left on the server, where `act` says so, and tells it. An account that only reads cannot
 * do much: that stops no backup.
 *
 * @returns what was done or found, one sentence each
 * @throws VyaError `failed` when the replacement of `needed` could not be settled
 */
export async function settleLeftovers(
  { adapter, programs }: Session,
  { act, needed }: { act: boolean; needed?: string },
): Promise<string[]> {
  let leftovers: Leftover[];
  try {
    leftovers = await adapter.recover({ programs, act });
  } catch (error) {
    if (needed !== undefined) throw error;
    const { message } = asVyaError(error);
    return [
      `It could not be told whether killed runs have left anything on ${adapter.target.id}: ${message}`,
    ];
  }
  const inTheWay = leftovers.find(({ unsettled }) => unsettled !== undefined && unsettled === needed);
  if (act && inTheWay) {
    throw new VyaError('failed', inTheWay.message, {
      hint: 'Mend what the message names and run again, or restore beside it with --target-database.',
    });
  }
  return leftovers.map(({ message }) => message);
}
