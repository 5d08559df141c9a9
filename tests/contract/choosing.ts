import { expect, test } from 'vitest';
import { type BackupJson, type Contract, dropDatabase, limited, run } from './contract.ts';

export function choosingCases(contract: Contract): void {
  const databases = ['pick_one', 'pick_two', 'choice_broken', 'choice_best', 'choice_else'];

  test('included and excluded names choose, and one broken database does not stop the others', async () => {
    const { server, space } = contract;
    for (const name of databases) await create(contract, name);
    try {
      if (server.type === 'mysql') {
        await run(
          server,
          'CREATE TABLE gone (x INT); CREATE VIEW on_gone AS SELECT x FROM gone; DROP TABLE gone',
          'choice_broken',
        );
        const taken = await outcomes(contract, ['--instance', 'chosen']);
        expect(taken.code).toBe(1);
        expect(taken.databases).toEqual({
          pick_one: 'ok',
          choice_best: 'ok',
          choice_broken: expect.stringMatching(/^failed: .*on_gone/),
          choice_absent: expect.stringMatching(/^not-found: .*choice_absent/),
        });
      } else {
        await run(server, `CREATE ROLE ${limited.user} LOGIN PASSWORD '${limited.password}'`);
        for (const name of databases) await run(server, `GRANT SELECT ON TABLE t TO ${limited.user}`, name);
        await run(server, `CREATE TABLE secret (x int)`, 'choice_broken');
        const taken = await outcomes(contract, ['--instance', 'chosen', '--skip-prune']);
        expect(taken.code).toBe(1);
        expect(taken.databases).toEqual({
          pick_one: 'ok',
          choice_best: 'ok',
          choice_broken: 'ok',
          choice_absent: expect.stringMatching(/^not-found: .*choice_absent/),
        });
        const asLimited = await outcomes(contract, ['--instance', 'limited']);
        expect(asLimited.code).toBe(1);
        expect(asLimited.databases).toEqual({
          choice_best: 'ok',
          choice_else: 'ok',
          choice_broken: expect.stringMatching(/^privileges: .*secret/),
        });
      }
      const listed = await space.vya(['list', '--database', 'choice_best', '--format', 'json']);
      expect(listed.json<{ backups: unknown[] }>().backups.length).toBeGreaterThan(0);

      const absent = await outcomes(contract, ['--instance', 'chosen', '--database', 'choice_absent']);
      expect(absent.code).toBe(7);
      const literal = await outcomes(contract, ['--instance', 'chosen', '--database', 'pick_*']);
      expect(literal.databases).toEqual({ 'pick_*': expect.stringMatching(/^not-found/) });
    } finally {
      for (const name of databases) await dropDatabase(server, name);
    }
  });
}

async function create({ server }: Contract, name: string): Promise<void> {
  await run(server, `CREATE DATABASE ${name}`);
  await run(server, `CREATE TABLE t (x int PRIMARY KEY); INSERT INTO t VALUES (1)`, name);
}

/** What became of each database, in words. */
async function outcomes(
  { space }: Contract,
  args: readonly string[],
): Promise<{ code: number; databases: Record<string, string> }> {
  const result = await space.vya(['backup', '--format', 'json', ...args]);
  const { instances, code } = result.json<BackupJson>();
  expect(code).toBe(result.code);
  const described = instances.flatMap(({ databases }) =>
    databases.map(
      ({ database, status, error }) =>
        [database, error ? `${error.kind}: ${error.message}` : status] as const,
    ),
  );
  return { code: result.code, databases: Object.fromEntries(described) };
}
