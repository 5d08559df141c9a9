import { expect, test } from 'vitest';
import { formatBytes, formatDuration, printable } from '../../src/cli/output/format.ts';

test.each([
  [0, '0 B'],
  [999, '999 B'],
  [1000, '1.0 kB'],
  [123_456, '123 kB'],
  [999_700, '1.0 MB'],
  [1_400_000_000, '1.4 GB'],
])('%d bytes are %s', (bytes, text) => {
  expect(formatBytes(bytes)).toBe(text);
});

test.each([
  [400, '0.4 s'],
  [12_400, '12 s'],
  [200_000, '3 min 20 s'],
  [7_500_000, '2 h 5 min'],
])('%d milliseconds are %s', (milliseconds, text) => {
  expect(formatDuration(milliseconds)).toBe(text);
});

test('a name cannot break a table or send codes to a terminal', () => {
  expect(printable('a\nb\u001B[31m')).toBe(String.raw`a\u000ab\u001b[31m`);
});
