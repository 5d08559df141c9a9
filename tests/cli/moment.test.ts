import { expect, test } from 'vitest';
import { parseMoment } from '../../src/cli/moment.ts';

test.each([
  ['2026-01-09 02:00:00', 'UTC', '2026-01-09T02:00:00.000Z'],
  ['2026-01-09 02:00:00', 'America/Sao_Paulo', '2026-01-09T05:00:00.000Z'],
  ['2026-07-09T02:00', 'Europe/Berlin', '2026-07-09T00:00:00.000Z'],
  ['2026-01-09 02:00:00Z', 'Europe/Berlin', '2026-01-09T02:00:00.000Z'],
  ['2026-01-09 02:00:00+05:30', 'UTC', '2026-01-08T20:30:00.000Z'],
  ['2026-01-09', 'UTC', '2026-01-09T23:59:59.999Z'],
  // Clocks go from 01:59:59 to 03:00:00: 02:30 does not exist and is read with winter's offset.
  ['2026-03-29 02:30:00', 'Europe/Berlin', '2026-03-29T01:30:00.000Z'],
  // 02:30 comes twice: the first is meant.
  ['2026-10-25 02:30:00', 'Europe/Berlin', '2026-10-25T00:30:00.000Z'],
])('reads %s in %s as %s', (text, zone, expected) => {
  expect(parseMoment(text, zone).toISOString()).toBe(expected);
});

test.each(['yesterday', '2026-02-30', '2026-13-01', '2026-01-09 25:00:00', ''])('refuses %j', (text) => {
  expect(() => parseMoment(text, 'UTC')).toThrow(expect.objectContaining({ kind: 'usage' }));
});
