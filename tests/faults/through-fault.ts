import { noteFault } from './ledger.ts';
import { lostSince, pictureOf } from './picture.ts';

/** What `check` answers when it turned out that the fault did not strike: it is not counted then. */
export const notStruck = Symbol('not struck');

/**
 * Goes through one fault and notes it in the run's ledger. The backups are pictured before and compared afterwards; the
 * fault is survived when none is lost and `check` threw nothing. What `check` throws fails the test, too.
 *
 * @param what for the ledger, e.g. `disk full at byte 4096, postgresql-18`
 * @param basePath of the storage tree
 * @param fault does what the fault strikes; it returns what was seen, and does not throw because of the fault
 * @param check everything that must hold afterwards, as expectations: what was said, what is listed, that the next run works
 * @param mayGo backups that are to be deleted, so that their loss is none
 */
export async function throughFault<Seen>(
  what: string,
  basePath: string,
  fault: () => Promise<Seen>,
  check: (seen: Seen) => unknown,
  mayGo: (id: string) => boolean = () => false,
): Promise<Seen> {
  const before = new Map([...(await pictureOf(basePath))].filter(([id]) => !mayGo(id)));
  let seen: Seen;
  let struck: boolean;
  try {
    seen = await fault();
    struck = (await check(seen)) !== notStruck;
  } catch (error) {
    noteFault(what, { survived: false, lost: (await lostSince(before, basePath)).length });
    throw error;
  }
  const lost = await lostSince(before, basePath);
  if (struck || lost.length > 0) noteFault(what, { survived: lost.length === 0, lost: lost.length });
  if (lost.length > 0) throw new Error(`${what}: lost ${lost.join(', ')}`);
  return seen;
}
