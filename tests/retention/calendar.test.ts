import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  dayIn,
  dayNumber,
  monthLabel,
  monthNumber,
  wallClockIn,
  weekLabel,
  weekNumber,
  yearOf,
} from '../../src/retention/calendar.ts';

const zones = [
  'UTC',
  'Europe/Berlin',
  'America/Sao_Paulo',
  'America/St_Johns',
  'Africa/Casablanca',
  'Asia/Kathmandu',
  'Australia/Lord_Howe',
  'Antarctica/Troll',
  'Pacific/Apia',
  'Pacific/Kiritimati',
];

const weekOf = (iso: string): string => weekLabel(weekNumber(dayNumber(wallClockIn('UTC')(new Date(iso)))));

describe('the calendar of a zone', () => {
  it('knows the month and the year of every day that Date knows of in a thousand years', () => {
    const [from, to] = [Date.UTC(1600, 0, 1) / 86_400_000, Date.UTC(2600, 0, 1) / 86_400_000];
    const wrong: string[] = [];
    for (let day = from; day < to; day += 1) {
      const date = new Date(day * 86_400_000);
      const [year, month] = [date.getUTCFullYear(), date.getUTCMonth()];
      if (yearOf(day) !== year || monthNumber(day) !== year * 12 + month) wrong.push(date.toISOString());
    }
    expect(wrong).toEqual([]);
  });

  it('shows the same whatever was asked before', () => {
    const start = fc.integer({ min: Date.UTC(1995, 0, 1), max: Date.UTC(2040, 0, 1) });
    const steps = fc.array(fc.integer({ min: -90 * 60_000, max: 30 * 3_600_000 }), { maxLength: 30 });
    fc.assert(
      fc.property(fc.constantFrom(...zones), start, steps, (zone, first, gaps) => {
        const read = wallClockIn(zone);
        let ms = first;
        for (const gap of gaps) {
          ms += gap;
          expect(read(new Date(ms))).toEqual(wallClockIn(zone)(new Date(ms)));
        }
      }),
    );
  });

  it('shows what the zone’s clocks show, at every instant of every zone', () => {
    const instants = fc.integer({ min: Date.UTC(1995, 0, 1), max: Date.UTC(2040, 0, 1) });
    fc.assert(
      fc.property(fc.constantFrom(...zones), instants, (zone, ms) => {
        const swedish = new Intl.DateTimeFormat('sv-SE', {
          timeZone: zone,
          dateStyle: 'short',
          timeStyle: 'medium',
        });
        const shown = new Date(wallClockIn(zone)(new Date(ms)).seconds * 1000).toISOString();
        expect(shown.slice(0, 19).replace('T', ' ')).toBe(swedish.format(ms));
      }),
      { numRuns: 5_000 },
    );
  });

  it('is right in every minute around a change of offset', () => {
    for (const [zone, change] of [
      ['Europe/Berlin', '2026-03-29T01:00:00Z'],
      ['Europe/Berlin', '2026-10-25T01:00:00Z'],
      ['America/St_Johns', '2006-10-29T02:31:00Z'],
      ['Australia/Lord_Howe', '2026-04-04T15:00:00Z'],
      ['Pacific/Apia', '2011-12-30T10:00:00Z'],
    ] as const) {
      const hourMinute = new Intl.DateTimeFormat('sv-SE', {
        timeZone: zone,
        dateStyle: 'short',
        timeStyle: 'short',
      });
      for (let minute = -180; minute <= 180; minute += 1) {
        const date = new Date(Date.parse(change) + minute * 60_000);
        const shown = new Date(wallClockIn(zone)(date).seconds * 1000)
          .toISOString()
          .slice(0, 16)
          .replace('T', ' ');
        expect(shown, `${zone} ${date.toISOString()}`).toBe(hourMinute.format(date));
      }
    }
  });

  it('gives a week to the year in which its Thursday lies (F33)', () => {
    expect(weekOf('2026-12-27T12:00:00Z')).toBe('2026-W52');
    expect(weekOf('2026-12-28T00:00:00Z')).toBe('2026-W53');
    expect(weekOf('2027-01-03T23:59:59Z')).toBe('2026-W53');
    expect(weekOf('2027-01-04T00:00:00Z')).toBe('2027-W01');
    expect(weekOf('2024-12-30T00:00:00Z')).toBe('2025-W01');
    expect(weekOf('2021-01-03T00:00:00Z')).toBe('2020-W53');
    expect(weekOf('2023-01-01T00:00:00Z')).toBe('2022-W52');
    expect(weekOf('1969-12-31T00:00:00Z')).toBe('1970-W01');
  });

  it('knows leap days and the months beside them', () => {
    expect(dayIn(new Date('2028-02-29T23:59:59Z'), 'UTC')).toBe('2028-02-29');
    expect(dayIn(new Date('2028-02-29T23:59:59Z'), 'Europe/Berlin')).toBe('2028-03-01');
    const month = monthNumber(dayNumber(wallClockIn('UTC')(new Date('2028-12-31T00:00:00Z'))));
    expect([monthLabel(month), monthLabel(month + 1)]).toEqual(['2028-12', '2029-01']);
  });

  it('refuses a zone that does not exist', () => {
    expect(() => dayIn(new Date(0), 'Europe/Berlln')).toThrow(
      expect.objectContaining({ kind: 'configuration', message: expect.stringContaining('Europe/Berlln') }),
    );
  });
});
