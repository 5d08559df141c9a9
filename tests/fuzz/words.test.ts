import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseDay, parseMoment } from '../../src/cli/moment.ts';
import { parseDuration } from '../../src/config/duration.ts';
import { VyaError } from '../../src/errors.ts';
import { globMatcher, isGlob } from '../../src/operations/backup/globs.ts';

const zones = [
  'UTC',
  'America/Sao_Paulo',
  'Europe/Berlin',
  'Pacific/Apia',
  'Asia/Kathmandu',
  'America/St_Johns',
  'Australia/Lord_Howe',
  'Pacific/Kiritimati',
];
const zone = fc.constantFrom(...zones);

/** Whole seconds from 1990 to 2060. */
const instant = fc
  .integer({ min: 631_152_000, max: 2_840_140_800 })
  .map((seconds) => new Date(seconds * 1000));

describe('a moment', () => {
  it('of any text is read, or refused as usage', () => {
    const piece = fc.constantFrom(
      '2026',
      '-',
      ':',
      ' ',
      'T',
      'Z',
      '+',
      '01',
      '02',
      '29',
      '31',
      '60',
      '99',
      '0000',
      '9999',
    );
    const text = fc.oneof(
      fc.string(),
      fc.array(piece, { maxLength: 14 }).map((pieces) => pieces.join('')),
    );
    fc.assert(
      fc.property(text, zone, (each, timezone) => {
        for (const read of [() => parseMoment(each, timezone), () => parseDay(each)]) {
          try {
            const moment = read();
            if (moment instanceof Date) expect(Number.isNaN(moment.getTime())).toBe(false);
          } catch (error) {
            expect(error).toBeInstanceOf(VyaError);
            expect(error).toMatchObject({ kind: 'usage' });
          }
        }
      }),
      { numRuns: 3_000 },
    );
  });

  it('that a zone’s clocks show is read as the instant at which they show it', () => {
    fc.assert(
      fc.property(instant, zone, (date, timezone) => {
        const shown = new Intl.DateTimeFormat('sv-SE', {
          timeZone: timezone,
          dateStyle: 'short',
          timeStyle: 'medium',
        });
        const text = shown.format(date);
        const read = parseMoment(text, timezone);
        // An hour that comes twice is read as the first one.
        expect(shown.format(read)).toBe(text);
        expect(read.getTime()).toBeLessThanOrEqual(date.getTime());
      }),
      { numRuns: 2_000 },
    );
  });

  it('with an offset means the same in every zone', () => {
    fc.assert(
      fc.property(instant, zone, fc.integer({ min: -14 * 60, max: 14 * 60 }), (date, timezone, offset) => {
        const local = new Date(date.getTime() + offset * 60_000).toISOString().slice(0, 19);
        const [hours, minutes] = [Math.floor(Math.abs(offset) / 60), Math.abs(offset) % 60];
        const sign = offset < 0 ? '-' : '+';
        const text = `${local}${sign}${String(hours).padStart(2, '0')}:${String(minutes).padStart(2, '0')}`;
        expect(parseMoment(text, timezone)).toEqual(date);
      }),
    );
    expect(() => parseMoment('2026-01-09 02:00:00+99:99', 'UTC')).toThrow('not a date');
  });
});

describe('a duration', () => {
  it('of any text is whole milliseconds from 0 up, or none', () => {
    const text = fc.oneof(
      fc.string(),
      fc.tuple(fc.nat(), fc.constantFrom('m', 'h', 'd', 'w', 's', '')).map((parts) => parts.join('')),
    );
    expect(parseDuration('90m')).toBe(5_400_000);
    fc.assert(
      fc.property(text, (each) => {
        const ms = parseDuration(each);
        if (ms !== undefined) expect(Number.isSafeInteger(ms) && ms >= 0).toBe(true);
      }),
      { numRuns: 2_000 },
    );
  });
});

describe('a glob', () => {
  const name = fc.string({ unit: 'grapheme', maxLength: 12 });
  const pattern = fc
    .array(
      fc.oneof(
        fc.constantFrom(
          '*',
          '?',
          '[',
          ']',
          '!',
          '^',
          '-',
          '\\',
          '[a-z]',
          '[!a]',
          '(',
          ')',
          '{',
          '|',
          '.',
          '$',
          '/',
          '&&',
          '--',
          '~~',
        ),
        fc.string({ unit: 'grapheme', maxLength: 2 }),
      ),
      { maxLength: 10 },
    )
    .map((pieces) => pieces.join(''));

  it('of any text matches or does not, and never fails', () => {
    fc.assert(
      fc.property(pattern, name, (each, text) => {
        expect([true, false]).toContain(globMatcher(each)(text));
      }),
      { numRuns: 5_000 },
    );
  });

  it('without special characters matches its own text alone', () => {
    fc.assert(
      fc.property(name, name, (plain, other) => {
        fc.pre(!isGlob(plain));
        expect(globMatcher(plain)(plain)).toBe(true);
        if (other !== plain) expect(globMatcher(plain)(other)).toBe(false);
      }),
      { numRuns: 2_000 },
    );
  });

  it('whose stars stand for any texts matches what they stand for', () => {
    fc.assert(
      fc.property(
        fc.array(name, { minLength: 1, maxLength: 4 }),
        fc.array(name, { minLength: 3, maxLength: 3 }),
        (parts, fillers) => {
          fc.pre(parts.every((part) => !isGlob(part)));
          const text = parts.map((part, at) => part + (at < parts.length - 1 ? fillers[at] : '')).join('');
          expect(globMatcher(parts.join('*'))(text)).toBe(true);
        },
      ),
      { numRuns: 2_000 },
    );
  });
});
