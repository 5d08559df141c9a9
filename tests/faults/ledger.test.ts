import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { env } from 'node:process';
import { describe, expect, it, vi } from 'vitest';
import { makeBackup, mark, scratchDirectory } from '../storage/scratch.ts';
import { ledgerVariable, noteFault, readLedger, sumUp } from './ledger.ts';
import { throughFault } from './through-fault.ts';

/** A ledger of this test's own: the faults here are no proof of anything. */
async function ownLedger(): Promise<string> {
  const path = join(await scratchDirectory(), 'ledger');
  vi.stubEnv(ledgerVariable, path);
  return path;
}

describe('the ledger of faults', () => {
  it('is there for every run of the tests', () => {
    expect(env[ledgerVariable]).toMatch(/./);
  });

  it('adds up to a figure, and names what was not survived', async () => {
    const path = await ownLedger();
    expect(sumUp(readLedger(path))).toEqual({
      text: 'Faults: 0 injected, 0 survived, 0 backups lost',
      good: true,
    });
    noteFault('one', { survived: true, lost: 0 });
    noteFault('two', { survived: true, lost: 0 });
    expect(sumUp(readLedger(path)).good).toBe(true);
    noteFault('three', { survived: false, lost: 2 });
    expect(sumUp(readLedger(path))).toEqual({
      text: '  three: NOT SURVIVED, 2 lost\nFaults: 3 injected, 2 survived, 2 backups lost',
      good: false,
    });
  });

  it.each([
    ['nothing', { survived: true, lost: 0 }, () => Promise.resolve()],
    ['a mark beside a backup', { survived: true, lost: 0 }, (path: string) => mark(path, 'pin.json', '{}')],
    ['a backup that is gone', { survived: false, lost: 1 }, (path: string) => rm(path, { recursive: true })],
    [
      'a file that is gone',
      { survived: false, lost: 1 },
      (path: string) => rm(join(path, 'shop_20260109T020000Z.sql')),
    ],
    [
      'a file that changed',
      { survived: false, lost: 1 },
      (path: string) => writeFile(join(path, 'shop_20260109T020000Z.sql'), 'CREATE TABLE t (a INT);\n'),
    ],
  ])('measures what is lost: %s', async (what, outcome, fault) => {
    const path = await ownLedger();
    const base = await scratchDirectory();
    const backup = await makeBackup(base);
    const through = throughFault(
      what,
      base,
      () => fault(backup.path),
      () => {},
    );
    await (outcome.survived ? through : expect(through).rejects.toThrow('prod/shop/20260109T020000Z'));
    expect(readLedger(path)).toEqual([{ what, ...outcome }]);
  });

  it('counts a fault as not survived when what must hold afterwards does not', async () => {
    const path = await ownLedger();
    const base = await scratchDirectory();
    await mkdir(join(base, 'prod'));
    const through = throughFault(
      'a lie',
      base,
      () => Promise.resolve('ended with 0'),
      (said) => expect(said).toBe('ended with 5'),
    );
    await expect(through).rejects.toThrow('ended with 5');
    expect(readLedger(path)).toEqual([{ what: 'a lie', survived: false, lost: 0 }]);
  });
});
