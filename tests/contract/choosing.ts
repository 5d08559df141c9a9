import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type BackupJson, type Contract, dropDatabase, ended, limited, run } from './contract.ts';

export function choosingCases(contract: Contract): void {
  describe('with several databases', () => {
    const databases = ['pick_one', 'pick_two', 'choice_broken', 'choice_best', 'choice_else'];
    const mysql = !contract.kind.startsWith('postgresql');

    beforeAll(async () => {
      const { server } = contract;
      for (const name of databases) {
        await run(server, `CREATE DATABASE ${name}`);
        await run(server, 'CREATE TABLE t (x int PRIMARY KEY); INSERT INTO t VALUES (1)', name);
      }
      if (mysql) await spoilMysql(contract);
      else await spoilPostgresql(contract, databases);
    });
    afterAll(async () => {
      for (const name of databases) await dropDatabase(contract.server, name);
    });

    test('included and excluded names choose, and a name that is not there does not stop the others', async () => {
      const taken = await outcomes(contract, ['--instance', 'chosen']);
      expect(taken).toEqual({
        code: 1,
        databases: {
          pick_one: 'ok',
          choice_best: 'ok',
          // MySQL's dump stops at a broken view; PostgreSQL has no such thing.
          choice_broken: mysql ? expect.stringMatching(/^failed: .*on_gone/) : 'ok',
          choice_absent: expect.stringMatching(/^not-found: .*choice_absent/),
        },
      });
    });

    test('a database that the account may not read whole does not stop the others (F2)', async () => {
      const taken = await outcomes(contract, ['--instance', 'limited']);
      const lacks = mysql ? /^privileges: .*TRIGGER/ : /^privileges: .*secret/;
      expect(taken).toEqual({
        code: 1,
        databases: { choice_best: 'ok', choice_else: 'ok', choice_broken: expect.stringMatching(lacks) },
      });
      const listed = await contract.space.vya(['list', '--instance', 'limited', '--format', 'json']);
      const made = listed.json<{ backups: { database: string }[] }>().backups.map(({ database }) => database);
      expect(made.toSorted()).toEqual(['choice_best', 'choice_else']);
    });

    test('what an account for backups may not restore, another credential may (--credential)', async () => {
      const copy = ['--instance', 'limited', '--database', 'choice_best', '--latest'];
      const args = ['restore', ...copy, '--target-database', 'pick_restored', '--format', 'json'];
      const code = async (command: string[]): Promise<number> => (await contract.space.vya(command)).code;
      expect(await code(args)).toBe(9);
      expect(await code([...args, '--credential', 'nobody'])).toBe(4);
      expect(await code([...args, '--credential', 'main'])).toBe(0);
      await dropDatabase(contract.server, 'pick_restored');
      const rehearsal = ['verify', '--instance', 'limited', '--database', 'choice_best', '--rehearse'];
      expect(await code(rehearsal)).toBe(9);
      expect(await code([...rehearsal, '--credential', 'main'])).toBe(0);
    });

    test('--database takes exact names: one that is missing ends with 7, and * is no glob', async () => {
      const absent = await outcomes(contract, [
        '--instance',
        'chosen',
        '--database',
        'pick_*',
        '--database',
        'absent',
      ]);
      const notFound = expect.stringMatching(/^not-found/) as string;
      expect(absent).toEqual({ code: 7, databases: { 'pick_*': notFound, absent: notFound } });
    });
  });
}

/** A broken view, and an account that would silently miss triggers and events of that database. */
async function spoilMysql({ server, kind }: Contract): Promise<void> {
  await run(
    server,
    'CREATE TABLE gone (x INT); CREATE VIEW on_gone AS SELECT x FROM gone; DROP TABLE gone',
    'choice_broken',
  );
  const account = `'${limited.user}'@'%'`;
  const routines = kind.startsWith('mariadb') ? 'SELECT ON mysql.proc' : 'SHOW_ROUTINE ON *.*';
  const whole = ['choice_best', 'choice_else'].map(
    (name) => `GRANT SELECT, SHOW VIEW, TRIGGER, EVENT ON ${name}.* TO ${account}`,
  );
  await run(
    server,
    `CREATE USER ${account} IDENTIFIED BY '${limited.password}'; ${whole.join('; ')};
     GRANT RELOAD ON *.* TO ${account}; GRANT ${routines} TO ${account};
     GRANT SELECT, SHOW VIEW ON choice_broken.* TO ${account}`,
  );
}

/** An account that may read every table but one. */
async function spoilPostgresql({ server }: Contract, databases: readonly string[]): Promise<void> {
  await run(server, `CREATE ROLE ${limited.user} LOGIN PASSWORD '${limited.password}'`);
  for (const name of databases) await run(server, `GRANT SELECT ON TABLE t TO ${limited.user}`, name);
  await run(server, 'CREATE TABLE secret (x int)', 'choice_broken');
}

/** What became of each database, in words. */
async function outcomes(
  { space }: Contract,
  args: readonly string[],
): Promise<{ code: number; databases: Record<string, string> }> {
  const result = await space.vya(['backup', '--format', 'json', ...args]);
  const { instances, code } = result.json<BackupJson>();
  ended(result, code);
  const described = instances.flatMap(({ databases }) =>
    databases.map(
      ({ database, status, error }) =>
        [database, error ? `${error.kind}: ${error.message}` : status] as const,
    ),
  );
  return { code, databases: Object.fromEntries(described) };
}
