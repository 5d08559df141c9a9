import { expect, test } from 'vitest';
import { StderrTail } from '../../src/exec/stderr-tail.ts';

function said(text: string, secret?: string): string {
  const tail = new StderrTail(secret);
  for (const chunk of text.match(/[^]{1,50}/g) ?? []) tail.add(Buffer.from(chunk));
  return tail.text();
}

test.each([
  [
    'a failing row',
    'pg_restore: error: COPY failed for table "t": ERROR:  new row violates check constraint "c"\nDETAIL:  Failing row contains (1, canary\nof two lines).\nCONTEXT:  COPY t, line 1: "canary\tx"\npg_restore: warning: errors ignored: 1',
    'pg_restore: error: COPY failed for table "t": ERROR:  new row violates check constraint "c"\nDETAIL: [redacted]\nCONTEXT:  COPY t, line 1\npg_restore: warning: errors ignored: 1',
  ],
  [
    'a duplicate key',
    'ERROR:  duplicate key value violates unique constraint "u"\nDETAIL:  Key (x)=(canary\ncanary) already exists.',
    'ERROR:  duplicate key value violates unique constraint "u"\nDETAIL: [redacted]',
  ],
  [
    'a statement with a password on a line of its own',
    "pg_restore: error: could not execute query: ERROR:  x\nCommand was: CREATE USER MAPPING FOR u SERVER s OPTIONS (\n    sslpassword 'canary',\n    \"user\" 'canary'\n);",
    'pg_restore: error: could not execute query: ERROR:  x\nCommand was: CREATE USER MAPPING FOR u SERVER s OPTIONS',
  ],
  [
    'a role with its password',
    "ERROR:  syntax error\nSTATEMENT:  CREATE ROLE r PASSWORD 'canary';",
    'ERROR:  syntax error\nSTATEMENT:  CREATE ROLE r PASSWORD',
  ],
  [
    'a value that a type does not take',
    'ERROR:  invalid input syntax for type integer: "canary"\nCONTEXT:  COPY t, line 3, column n: "canary"',
    'ERROR:  invalid input syntax for type integer: [redacted]\nCONTEXT:  COPY t, line 3, column n',
  ],
  [
    'a value out of range',
    'ERROR:  value "99canary" is out of range for type integer\nERROR:  date/time field value out of range: "canary"',
    'ERROR:  value [redacted] is out of range for type integer\nERROR:  date/time field value out of range: [redacted]',
  ],
  [
    "MySQL's duplicate entry",
    "ERROR 1062 (23000) at line 4: Duplicate entry 'canary' for key 't.u'",
    "ERROR 1062 (23000) at line 4: Duplicate entry [redacted] for key 't.u'",
  ],
  [
    "MySQL's syntax error, which quotes what follows",
    "ERROR 1064 (42000) at line 4: You have an error in your SQL syntax; check the manual near 'canary'',\n'canary')' at line 1",
    'ERROR 1064 (42000) at line 4: You have an error in your SQL syntax; check the manual near [redacted] at line 1',
  ],
  [
    'a wrong value',
    "ERROR 1366 (22007) at line 2: Incorrect integer value: 'canary' for column `d`.`t`.`n` at row 1",
    'ERROR 1366 (22007) at line 2: Incorrect integer value: [redacted] for column `d`.`t`.`n` at row 1',
  ],
  [
    'literals in the line of a function that failed',
    'ERROR:  relation "customers" does not exist\nLINE 1: SELECT \'canary\', n IN (SELECT name FROM customers)\n               ^',
    'ERROR:  relation "customers" does not exist\nLINE 1: SELECT \'[redacted]\', n IN (SELECT name FROM customers)\n               ^',
  ],
])('%s is not repeated, but what failed is (F35)', (_, text, expected) => {
  expect(said(text)).toBe(expected);
});

test('a quotation whose beginning is lost is left out, too (F35)', () => {
  const text = `DETAIL:  Failing row contains (${'canary\n'.repeat(5_000)}).\npg_restore: error: it failed`;
  expect(said(text)).toBe('pg_restore: error: it failed');
});

test.each([
  ['[client]\npassword="p#w\\"x\\\\y canary"\n', 'p#w"x\\y canary'],
  ['*:*:*:*:a\\:b\\\\canary\n', 'a:b\\canary'],
])('a password is not repeated as it is, nor as its file spells it (F35, F36)', (file, password) => {
  const spelled = file.replace(/^.*(?:password="|\*:)|"?\n$/gs, '');
  const text = said(`login with ${password} failed\nlogin with ${spelled} failed`, file);
  expect(text).toBe('login with [redacted] failed\nlogin with [redacted] failed');
});
