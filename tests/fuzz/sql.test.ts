import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  disableEvents,
  dropLastSemicolons,
  followInExpression,
  followRename,
} from '../../src/db/mysql/load/rewrite.ts';
import { splitStatements, tokensOf } from '../../src/db/mysql/load/statements.ts';
import { VyaError } from '../../src/errors.ts';

const pieces = [
  "'",
  '"',
  '`',
  '``',
  '\\',
  ';',
  ';;',
  '\n',
  '\r\n',
  ' ',
  '--',
  '-- ',
  '#',
  '/*',
  '*/',
  '/*!',
  '/*!50106 ',
  '/*M!100000 ',
  'DELIMITER ;;\n',
  'DELIMITER ;\n',
  'delimiter $$\n',
  'CREATE',
  ' EVENT ',
  ' TRIGGER ',
  ' VIEW ',
  'ALTER',
  ' DATABASE ',
  '`shop`',
  '.',
  '(',
  'nextval(',
  ' ON ',
  'ON COMPLETION NOT PRESERVE ENABLE',
  ' DO ',
  'DISABLE',
  '\0',
  'é',
  '\xff',
];
const sql = fc
  .array(fc.oneof(fc.constantFrom(...pieces), fc.string({ unit: 'binary', maxLength: 3 })), { maxLength: 40 })
  .map((all) => Buffer.from(all.join('')));

/** What a program that reads bytes would say of a rewriting: its result, or that it refused. */
function orRefused(rewrite: () => Buffer): Buffer | undefined {
  try {
    return rewrite();
  } catch (error) {
    if (error instanceof VyaError && error.kind === 'failed') return undefined;
    throw error;
  }
}

const isSubsequence = (part: Buffer, whole: Buffer): boolean => {
  let at = 0;
  for (const byte of part) {
    at = whole.indexOf(byte, at) + 1;
    if (at === 0) return false;
  }
  return true;
};

describe('a dump of MySQL or MariaDB, whatever is in it', () => {
  it('is split into statements that stand in order and lie inside', () => {
    fc.assert(
      fc.property(sql, (content) => {
        const text = content.toString('latin1');
        let end = 0;
        for (const statement of splitStatements(text)) {
          expect(statement.start).toBeGreaterThanOrEqual(end);
          expect(statement.end).toBeGreaterThan(statement.start);
          end = statement.end;
          let at = statement.start;
          for (const token of tokensOf(text, statement)) {
            expect(token.start).toBeGreaterThanOrEqual(at);
            expect(token.end).toBeGreaterThan(token.start);
            expect(token.text).toBe(text.slice(token.start, token.end));
            at = token.end;
          }
          expect(at).toBeLessThanOrEqual(statement.end);
        }
        expect(end).toBeLessThanOrEqual(text.length);
      }),
      { numRuns: 5_000 },
    );
  });

  it('loses no byte but those that a rewriting means', () => {
    fc.assert(
      fc.property(sql, (content) => {
        // Only ENABLE becomes DISABLE: what stood before is there still, but for two letters for each event.
        const disabled = orRefused(() => disableEvents(content));
        if (disabled) {
          const more = disabled.length - content.length;
          expect(more).toBeGreaterThanOrEqual(0);
          expect(disabled.toString('latin1').replaceAll('DISABLE', 'ENABLE')).toBe(
            content.toString('latin1').replaceAll('DISABLE', 'ENABLE'),
          );
        }
        const dropped = dropLastSemicolons(content);
        expect(isSubsequence(dropped, content)).toBe(true);
        expect(dropped.toString('latin1').replaceAll(';', '')).toBe(
          content.toString('latin1').replaceAll(';', ''),
        );
      }),
      { numRuns: 3_000 },
    );
  });

  it('follows to a database of the same name unchanged, but for qualifiers that are taken out', () => {
    fc.assert(
      fc.property(sql, (content) => {
        const followed = followRename(content, 'shop', 'shop');
        if (!/TRIGGER/i.test(content.toString('latin1'))) expect(followed).toEqual(content);
        else expect(isSubsequence(followed, content)).toBe(true);
      }),
      { numRuns: 3_000 },
    );
  });

  it('that was followed there comes back the same', () => {
    fc.assert(
      fc.property(sql, (content) => {
        const text = content.toString('latin1');
        fc.pre(!text.includes('other_name') && !/TRIGGER/i.test(text));
        expect(followRename(followRename(content, 'shop', 'other_name'), 'other_name', 'shop')).toEqual(
          content,
        );
        expect(followInExpression(followInExpression(text, 'shop', 'other_name'), 'other_name', 'shop')).toBe(
          text,
        );
      }),
      { numRuns: 3_000 },
    );
  });
});
