import { expect, test } from 'vitest';
import { VyaError } from '../../src/errors.ts';
import { asStorageFault } from '../../src/operations/backup/storage-fault.ts';

// What the programs say word for word, on a full disk and on a server whose own disk is full.
test.each([
  [
    'zstd exited with 70: zstd: error 70 : Write error : cannot write block : No space left on device',
    'full',
  ],
  ['mariadb-dump exited with 5: mariadb-dump: Got errno 28 on write', 'full'],
  ['pg_dump exited with 1: pg_dump: error: could not write to file: No space left on device', 'full'],
  ['gzip exited with 1: gzip: stdout: Disk quota exceeded', 'quota'],
  ['zstd exited with 70: zstd: error 70 : Write error : cannot write block : File too large', 'larger'],
  ['pg_dump exited with 1: pg_dump: error: could not close output file: Input/output error', 'device'],
])('%s is the storage’s fault (F29)', (message, told) => {
  const fault = asStorageFault(new VyaError('failed', message));
  expect(fault).toMatchObject({ kind: 'storage', message: expect.stringContaining(told) });
});

test.each([
  'pg_dump exited with 1: pg_dump: error: query failed: ERROR:  could not write to file "base/pgsql_tmp/pgsql_tmp1.0": No space left on device',
  "mysqldump exited with 3: mysqldump: Error 3: Error writing file '/tmp/MYfd=20' (OS errno 28 - No space left on device) when dumping table `t` at row: 0",
  "mysqldump exited with 2: mysqldump: Couldn't execute 'SHOW CREATE TABLE `t`': No space left on device (28)",
  'pg_dump exited with 1: pg_dump: error: connection to server failed',
])('%s is not', (message) => {
  const error = new VyaError('failed', message);
  expect(asStorageFault(error)).toBe(error);
});
