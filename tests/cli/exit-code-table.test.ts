import { expect, test } from 'vitest';
import { exitCodeOfMany } from '../../src/cli/exit-codes.ts';

test.each([
  [[], 0],
  [['ok', 'ok'], 0],
  [['ok', 'connection'], 1],
  [['connection'], 6],
  [['connection', 'connection'], 6],
  [['connection', 'privileges'], 2],
  [['failed', 'failed'], 2],
  [['usage', 'configuration'], 3],
  [['ok', 'interrupted'], 130],
] as const)('outcomes %j end with %d', (outcomes, code) => {
  expect(exitCodeOfMany(outcomes)).toBe(code);
});
