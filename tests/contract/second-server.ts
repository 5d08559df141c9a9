import { join } from 'node:path';
import { expect, test } from 'vitest';
import { createSampleAccounts, nextValues } from '../samples/samples.ts';
import { connect } from '../servers/connect.ts';
import {
  backUp,
  type Contract,
  databasesOf,
  dropDatabase,
  type RestoreJson,
  restore,
  run,
  sample,
} from './contract.ts';
import { fingerprint, without } from './fingerprint.ts';
import { filesIn, treeOf } from './tree.ts';

export function secondServerCases(contract: Contract): void {
  const onto = ['--instance', 'main', '--database', sample, '--latest', '--target-instance', 'second'];

  test('what the other server lacks is named before it is touched (F27)', async () => {
    const { space, second } = contract;
    const plan = await space.vya(['restore', '--dry-run', '--format', 'json', ...onto]);
    if (second.type === 'mysql') {
      // An administrator may create objects for definers that do not exist yet.
      expect(plan.code).toBe(0);
      expect(plan.json<RestoreJson>().warnings.join()).toContain('deli_curator');
      return;
    }
    const restored = await space.vya(['restore', '--format', 'json', ...onto]);
    for (const result of [plan, restored]) {
      expect(result.code).toBe(2);
      const { error } = result.json<RestoreJson>();
      for (const role of ['deli_app', 'deli_owner', 'deli_reader', `deli'owner "2"`])
        expect(error?.message).toContain(role);
      expect(error?.hint).toContain('CREATE ROLE');
    }
    expect(await databasesOf(second)).toEqual([]);
  });

  test('owners and grants are left out where the roles are missing, when that is asked for', async () => {
    const { server, second } = contract;
    if (server.type === 'mysql') {
      // MySQL has neither owners nor grants in a database: the flags change nothing.
      const report = await restore(contract, [
        ...onto,
        '--no-owner',
        '--no-acl',
        '--target-database',
        'flags',
      ]);
      expect(report.database).toBe('flags');
      return dropDatabase(second, 'flags');
    }
    await run(server, 'CREATE DATABASE choice_best OWNER deli_owner');
    await run(
      server,
      `CREATE TABLE t (x int); ALTER TABLE t OWNER TO deli_owner; GRANT SELECT ON t TO deli_reader; INSERT INTO t VALUES (1)`,
      'choice_best',
    );
    await backUp(contract, 'main', ['--database', 'choice_best']);
    const selection = [
      '--instance',
      'main',
      '--database',
      'choice_best',
      '--latest',
      '--target-instance',
      'second',
    ];
    const refused = await contract.space.vya(['restore', '--format', 'json', ...selection]);
    expect(refused.json<RestoreJson>().error).toMatchObject({
      code: 2,
      hint: expect.stringContaining('--no-owner --no-acl'),
    });
    await restore(contract, [...selection, '--no-owner', '--no-acl']);
    const ownership = /^(owner|acl) /;
    expect(without(await fingerprint(second, 'choice_best'), ownership)).toEqual(
      without(await fingerprint(server, 'choice_best'), ownership),
    );
    const connection = await connect(second, 'choice_best');
    expect(await connection.query(`SELECT tableowner AS owner FROM pg_tables WHERE tablename = 't'`)).toEqual(
      [{ owner: second.admin.user }],
    );
    await connection.close();
    await dropDatabase(server, 'choice_best');
    await dropDatabase(second, 'choice_best');
  });

  test('a restore into a second server brings everything', async () => {
    const { second } = contract;
    await createSampleAccounts(second);
    const report = await restore(contract, onto);
    expect(report).toMatchObject({ status: 'ok', replaced: false, warnings: [] });
    expect(await fingerprint(second, sample)).toEqual(contract.original);
    expect(await nextValues(second, sample)).toEqual(contract.next);
  });

  test('nothing is left behind: no scratch database, no staged file, no secret', async () => {
    const { server, second, space } = contract;
    expect(await databasesOf(server)).toEqual([sample]);
    expect(await databasesOf(second)).toEqual([sample]);
    expect(await treeOf(join(space.path, 'tmp'))).toEqual({});
    expect(await treeOf(join(space.path, 'home'))).toEqual({});
    expect(await filesIn(join(space.storagePath, '.staging'))).toEqual([]);
  });
}
