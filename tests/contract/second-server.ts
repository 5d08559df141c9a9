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

const onto = ['--instance', 'main', '--database', sample, '--latest', '--target-instance', 'second'];

export function secondServerCases(contract: Contract): void {
  if (contract.kind.startsWith('postgresql')) missingRoles(contract);
  else missingDefiners(contract);

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

/** An administrator may create objects for definers that do not exist yet, so this is only told. */
function missingDefiners(contract: Contract): void {
  test('definers that the other server lacks are named before it is touched (F27)', async () => {
    const plan = await restore(contract, ['--dry-run', ...onto]);
    expect(plan.warnings.join()).toContain('deli_curator');
    expect(await databasesOf(contract.second)).toEqual([]);
  });
}

function missingRoles(contract: Contract): void {
  test.each([{ mode: '--dry-run' }, { mode: '--force' }])(
    'roles that the other server lacks are named before it is touched, with $mode',
    async ({ mode }) => {
      const refused = await contract.space.vya(['restore', '--format', 'json', mode, ...onto]);
      const { error } = refused.json<RestoreJson>();
      expect(refused.code).toBe(2);
      for (const role of ['deli_app', 'deli_owner', 'deli_reader', `deli'owner "2"`])
        expect(error?.message).toContain(role);
      expect(error?.hint).toContain('CREATE ROLE');
      expect(await databasesOf(contract.second)).toEqual([]);
    },
  );

  test('--no-owner and --no-acl leave out owners and grants where the roles are missing', async () => {
    const { server, second } = contract;
    await run(server, 'CREATE DATABASE owned OWNER deli_owner');
    await run(
      server,
      `CREATE TABLE t (x int); ALTER TABLE t OWNER TO deli_owner; GRANT SELECT ON t TO deli_reader; INSERT INTO t VALUES (1)`,
      'owned',
    );
    await backUp(contract, 'main', ['--database', 'owned']);
    const selection = [
      '--instance',
      'main',
      '--database',
      'owned',
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
    const source = without(await fingerprint(server, 'owned'), ownership);
    expect(without(await fingerprint(second, 'owned'), ownership)).toEqual(source);
    const connection = await connect(second, 'owned');
    const owners = await connection.query(`SELECT tableowner AS owner FROM pg_tables WHERE tablename = 't'`);
    await connection.close();
    expect(owners).toEqual([{ owner: second.admin.user }]);
    await dropDatabase(server, 'owned');
    await dropDatabase(second, 'owned');
  });
}
