import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isSystemDatabase } from '../../src/model/system-databases.ts';
import { globMatcher } from '../../src/operations/backup/globs.ts';
import { selectDatabases, type Selection } from '../../src/operations/backup/select-databases.ts';

function select(selection: Partial<Omit<Selection, 'present'>> & { present: string[] }) {
  const { present, ...rest } = selection;
  const servers = present.map((name) => ({ name, connectable: name !== 'template0' && name !== 'closed' }));
  return selectDatabases({ type: 'mysql', include: [], exclude: [], ...rest, present: servers });
}

const mysqlOwn = ['information_schema', 'mysql', 'performance_schema', 'sys', '#mysql50#lost+found'];
const postgresOwn = [
  'template0',
  'template1',
  'postgres',
  'rdsadmin',
  'cloudsqladmin',
  'azure_maintenance',
  'azure_sys',
];

describe('system databases', () => {
  it.each(mysqlOwn)('of MySQL and MariaDB: %s', (name) => {
    expect(isSystemDatabase('mysql', name)).toBe(true);
    expect(select({ present: [name, 'shop'] }).chosen).toEqual(['shop']);
  });

  it.each(postgresOwn)('of PostgreSQL and those who run it: %s', (name) => {
    expect(isSystemDatabase('postgresql', name)).toBe(true);
    expect(select({ type: 'postgresql', present: [name, 'shop'] }).chosen).toEqual(['shop']);
  });

  it('belong to their own type only', () => {
    expect(select({ type: 'postgresql', present: ['mysql', 'sys'] }).chosen).toEqual(['mysql', 'sys']);
    expect(select({ type: 'mysql', present: ['postgres', 'template1'] }).chosen).toEqual([
      'postgres',
      'template1',
    ]);
  });
});

describe('the databases that are taken', () => {
  const present = ['crm', 'scratch_1', 'shop', 'shop_old', 'vya_tmp_restore_ab12', 'sys', 'closed'];

  it('are all but system, scratch and closed ones when none is named', () => {
    expect(select({ present })).toEqual({
      chosen: ['crm', 'scratch_1', 'shop', 'shop_old'],
      missing: [],
      warnings: [],
    });
  });

  it('are the included names and globs, less the excluded ones', () => {
    expect(select({ present, include: ['shop*', 'crm'], exclude: ['*_old'] }).chosen).toEqual([
      'crm',
      'shop',
    ]);
  });

  it('leave out a name that is excluded as well, and say so', () => {
    const { chosen, warnings } = select({ present, include: ['shop', 'crm'], exclude: ['shop'] });
    expect(chosen).toEqual(['crm']);
    expect(warnings).toEqual(['shop is named, but not taken: exclude_databases leaves it out']);
  });

  it('name what is missing, and go on with the others', () => {
    expect(select({ present, include: ['shop', 'shpo', 'Shop'] })).toEqual({
      chosen: ['shop'],
      missing: ['shpo', 'Shop'],
      warnings: [],
    });
  });

  it('say of a glob that it matches nothing', () => {
    expect(select({ present, include: ['shop', 'hr_*'] })).toEqual({
      chosen: ['shop'],
      missing: [],
      warnings: ['no database matches hr_*'],
    });
  });

  it('hold no system or scratch database, even by name or glob', () => {
    const { chosen, missing, warnings } = select({
      present,
      include: ['sys', 'vya_tmp_restore_ab12', 'closed', '*'],
    });
    expect(chosen).toEqual(['crm', 'scratch_1', 'shop', 'shop_old']);
    expect(missing).toEqual([]);
    expect(warnings).toHaveLength(3);
  });

  it('hold postgres only when it is named exactly', () => {
    const server = ['postgres', 'shop', 'template1'];
    const chosen = (include: string[]) => select({ type: 'postgresql', present: server, include }).chosen;
    expect(chosen([])).toEqual(['shop']);
    expect(chosen(['*', 'post*'])).toEqual(['shop']);
    expect(chosen(['postgres'])).toEqual(['postgres']);
    expect(chosen(['template1', 'postgres', '*'])).toEqual(['postgres', 'shop']);
  });

  it('are literal where they come from the command line', () => {
    const server = ['a*', 'ab', '[x]'];
    expect(select({ present: server, include: ['a*'], literal: true }).chosen).toEqual(['a*']);
    expect(select({ present: server, include: ['[x]'], literal: true }).chosen).toEqual(['[x]']);
    expect(select({ present: server, include: ['a?'], literal: true }).missing).toEqual(['a?']);
  });

  it('may be called like a property that every object has', () => {
    expect(select({ present: ['constructor'], include: ['constructor', '__proto__'] })).toMatchObject({
      chosen: ['constructor'],
      missing: ['__proto__'],
    });
  });
});

describe('a glob', () => {
  it.each([
    ['*', '', true],
    ['*', 'a/b', true],
    ['*', '.hidden', true],
    ['*', 'two\nlines', true],
    ['shop_*', 'shop_', true],
    ['shop_*', 'shop', false],
    ['shop', 'shop2', false],
    ['shop', 'Shop', false],
    ['a?c', 'abc', true],
    ['a?c', 'a😀c', true],
    ['a?c', 'ac', false],
    ['*a*b', 'xxaxxb', true],
    ['db_[0-9]', 'db_7', true],
    ['db_[0-9]', 'db_x', false],
    ['db_[!0-9]', 'db_x', true],
    ['db_[!0-9]', 'db_7', false],
    ['db_[]x]', 'db_]', true],
    ['db_[a-]', 'db_-', true],
    ['db_[z-a]', 'db_m', false],
    ['a[b', 'a[b', true],
    ['a-b_*', 'a-b_1', true],
    ['a**b', 'axb', true],
    ['a.c', 'abc', false],
    ['a+', 'aa', false],
    ['(a|b)', 'a', false],
    ['a\\*', 'a*', true],
    ['a\\*', 'ab', false],
    ['a\\', 'a\\', true],
    ['{a,b}', '{a,b}', true],
    ['пр*', 'привет', true],
  ])('%j on %j: %s', (pattern, name, expected) => expect(globMatcher(pattern)(name)).toBe(expected));

  it('with every special character escaped matches exactly its own text', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: 'binary', maxLength: 64 }),
        fc.string({ maxLength: 5 }),
        (name, other) => {
          const matches = globMatcher(name.replaceAll(/[*?[\\]/g, '\\$&'));
          expect(matches(name)).toBe(true);
          expect(matches(name + other)).toBe(other === '');
        },
      ),
    );
  });

  it('is never an invalid expression', () => {
    fc.assert(
      fc.property(
        fc.string({
          unit: fc.constantFrom('[', ']', '!', '^', '-', '*', '?', '\\', 'a', 'z', '(', '{'),
          maxLength: 12,
        }),
        (pattern) => {
          expect(typeof globMatcher(pattern)('a')).toBe('boolean');
        },
      ),
      { numRuns: 2000 },
    );
  });
});
