import { expect, test } from 'vitest';
import { VyaError } from '../../src/errors.ts';
import { errorForAudit } from '../../src/operations/audit.ts';

test.each([
  [
    `ERROR 1062 (23000) at line 3: Duplicate entry 'a@b.c' for key 'mail'`,
    `ERROR 1062 (23000) at line 3: Duplicate entry '…' for key 'mail'`,
  ],
  [
    `Incorrect integer value: 'it's 5' for column 'n' at row 1`,
    `Incorrect integer value: '…' for column 'n' at row 1`,
  ],
  [`Access denied for user 'backup'@'localhost'`, `Access denied for user 'backup'@'localhost'`],
  ['pg_dump exited with 1: error: no\nDETAIL: Key (id)=(5) exists', 'pg_dump exited with 1: error: no'],
])('what is noted and told holds no value of a row: %s', (message, noted) => {
  expect(errorForAudit(new VyaError('failed', message))).toEqual({ kind: 'failed', message: noted });
});

test('a long message is cut', () => {
  expect(errorForAudit(new VyaError('failed', 'x'.repeat(5000))).message).toHaveLength(500);
});
