import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { connect } from '../../servers/connect.ts';
import type { TestServer } from '../../servers/server.ts';
import { sharedServer } from '../../servers/servers.ts';
import { createTestDatabase, type TestDatabase } from '../test-database.ts';
import { workspace, type VyaResult, type Workspace } from '../vya.ts';
import { reported, told } from './told.ts';

const database = 'mistakes_shop';
let server: TestServer;
let other: TestServer;
let space: Workspace;
const inside: TestDatabase[] = [];
let backup: { id: string; path: string };

beforeAll(async () => {
  [server, other] = await Promise.all([sharedServer('postgresql-18'), sharedServer('mariadb-10.11')]);
  const sql = 'CREATE TABLE customers (id int PRIMARY KEY)';
  inside.push(
    await createTestDatabase(server, database, sql),
    await createTestDatabase(other, database, sql),
  );
  const admin = await connect(other);
  await admin.script(`DROP USER IF EXISTS vya_blind@'%'; CREATE USER vya_blind@'%' IDENTIFIED BY 'word';
    DROP USER IF EXISTS vya_half@'%'; CREATE USER vya_half@'%' IDENTIFIED BY 'word'; GRANT SELECT ON ${database}.* TO vya_half@'%'`);
  await admin.close();
  const settings = { databases: [database] };
  space = await workspace({
    instances: [
      { id: 'postgres-1', server, settings },
      { id: 'maria', server: other, settings },
    ],
  });
  const made = await vya('backup');
  expect(made.code, made.stdout + made.stderr).toBe(0);
  const { backups } = (await vya('list --format json')).json<{ backups: { id: string; path: string }[] }>();
  backup = backups.find(({ id }) => id.startsWith('postgres-1/'))!;
});

afterAll(async () => {
  await space.remove();
  await Promise.all(inside.map((each) => each.drop()));
  const admin = await connect(other);
  await admin.script("DROP USER vya_blind@'%', vya_half@'%'");
  await admin.close();
});

test('an instance that is misspelt', async () => {
  expect(told(await vya('backup --instance postgers-1'))).toEqual({
    code: 3,
    message: 'No instance is called postgers-1',
    hint: 'Did you mean postgres-1? The configuration has: postgres-1, maria.',
  });
});

test('an instance that is misspelt, whose backups are to be pruned', async () => {
  expect(told(await vya('prune --instance postgers-1'))).toEqual({
    code: 7,
    message: `There is no backup of postgers-1 in ${space.storagePath}`,
    hint: 'Did you mean --instance postgres-1? vya list shows what there is.',
  });
  expect(told(await vya('prune --instance maria --database mistakes_shpo'))).toEqual({
    code: 7,
    message: `There is no backup of maria/mistakes_shpo in ${space.storagePath}`,
    hint: 'Did you mean --database mistakes_shop? vya list shows what there is.',
  });
});

test('a database that is misspelt', async () => {
  const result = await vya('backup --instance postgres-1 --database mistakes_shpo');
  expect(reported(result, 'postgres-1/mistakes_shpo')).toEqual({
    code: 7,
    message: 'postgres-1 has no database “mistakes_shpo”',
    hint: 'Did you mean mistakes_shop?',
  });
});

test('a database that MySQL does not show to the account', async () => {
  const blind = await workspace({
    instances: [
      {
        id: 'maria',
        server: other,
        login: { user: 'vya_blind', password: 'word' },
        settings: { databases: [database] },
      },
    ],
  });
  expect(reported(await blind.vya(['backup'], { measured: false }), `maria/${database}`)).toEqual({
    code: 7,
    message: `maria has no database “${database}”`,
    hint: `Correct the name (it is case-sensitive), or take it out of the configuration.
If it is there, 'vya_blind'@'%' may not see it: GRANT SELECT ON *.* TO 'vya_blind'@'%'; shows all.`,
  });
  await blind.remove();
});

test('an account that may read, and not all', async () => {
  const half = await workspace({
    instances: [
      {
        id: 'maria',
        server: other,
        login: { user: 'vya_half', password: 'word' },
        settings: { databases: [database] },
      },
    ],
  });
  const result = await half.vya(['check'], { measured: false });
  expect(result.code).toBe(9);
  expect(result.stdout).toContain(
    'without TRIGGER, EVENT on the whole database, parts of it would be left out silently',
  );
  expect(result.stdout).toContain(
    `Let an administrator run: GRANT TRIGGER, EVENT ON \`mistakes\\_shop\`.* TO 'vya_half'@'%';`,
  );
  await half.remove();
});

test('a list of an instance and of a database that are misspelt', async () => {
  expect((await vya('list --instance maira')).stdout).toBe(
    `There is no backup of maira in ${space.storagePath}. Did you mean --instance maria? vya list shows what there is.\n`,
  );
  expect((await vya('list --database other')).stdout).toBe(
    `There is no backup of a database “other” in ${space.storagePath}. There are backups of: mistakes_shop.\n`,
  );
});

test.each([
  [
    'restore --instance maira --database mistakes_shop --latest',
    'of maira/mistakes_shop',
    'Did you mean --instance maria? vya list shows what there is.',
  ],
  [
    'restore --instance maria --database mistakes_shap --latest',
    'of maria/mistakes_shap',
    'Did you mean --database mistakes_shop? vya list shows what there is.',
  ],
  [
    'restore --all --instance prod --latest --target-instance maria',
    'of prod',
    'There are backups of: maria, postgres-1.',
  ],
  ['verify --instance prod', 'of prod', 'There are backups of: maria, postgres-1.'],
  ['users list --instance maria', 'of the accounts of maria', 'vya list shows what there is.'],
])('vya %s', async (line, what, hint) => {
  expect(told(await vya(line))).toEqual({
    code: 7,
    message: `There is no backup ${what} in ${space.storagePath}`,
    hint,
  });
});

test('no backup at all yet', async () => {
  const empty = await workspace({ instances: [{ id: 'maria', server: other }] });
  await empty.vya(['check'], { measured: false });
  expect(told(await empty.vya(['verify'], { measured: false }))).toEqual({
    code: 7,
    message: `There is no backup in ${empty.storagePath}`,
    hint: 'There is none at all yet: vya backup makes one.',
  });
  await empty.remove();
});

test('an id that is none, and a path in place of one', async () => {
  expect(told(await vya('restore --id 19990101T000000Z'))).toEqual({
    code: 7,
    message: 'There is no backup whose id ends with “19990101T000000Z”',
    hint: 'vya list shows what can be restored.',
  });
  for (const path of [backup.path, join(backup.path, 'manifest.json')]) {
    for (const command of ['restore --id', 'verify --id', 'pin']) {
      expect(told(await vya(`${command} ${path}`))).toEqual({
        code: 7,
        message: `“${path}” is a path, and no id of a backup`,
        hint: `That backup's id is ${backup.id}`,
      });
    }
  }
  expect(told(await vya('restore --id /elsewhere/shop.sql'))).toEqual({
    code: 7,
    message: '“/elsewhere/shop.sql” is a path, and no id of a backup',
    hint: 'vya list shows the ids of what is in the storage; vya restore --file PATH takes a backup from anywhere.',
  });
});

test('a file that is no backup', async () => {
  const folder = join(space.storagePath, 'postgres-1', database);
  expect(told(await vya(`restore --file ${folder}`))).toEqual({
    code: 7,
    message: `There is no backup in ${folder}: it has no manifest.json`,
    hint: 'Give the directory of one backup: the one that holds manifest.json. vya list shows what is in the storage.',
  });
  expect(told(await vya('restore --file /nonexistent/shop.sql.gz'))).toEqual({
    code: 7,
    message: 'There is nothing at /nonexistent/shop.sql.gz',
    hint: 'Give the path of a backup’s directory: the one that holds manifest.json.',
  });
});

test('a restore over a database that is there', async () => {
  expect(told(await vya(`restore --id ${backup.id}`))).toEqual({
    code: 3,
    message: `postgres-1 has a database “${database}” already, and replacing it was not confirmed`,
    hint: 'Add --force to replace it, or restore beside it with --target-database.',
  });
});

test('a backup of PostgreSQL into MariaDB', async () => {
  expect(told(await vya(`restore --id ${backup.id} --target-instance maria --force`))).toEqual({
    code: 3,
    message: `${backup.id} is a postgresql backup, and maria is a mysql server`,
    hint: 'Give a server of PostgreSQL as --target-instance.',
  });
});

test.each([
  ['restore', 'Which backup? Give --latest, --at TIME, --id BACKUP or --file PATH'],
  ['restore --latest', 'Which database? Give --instance and --database'],
])('vya %s', async (line, message) => {
  expect(told(await vya(line))).toEqual({ code: 3, message, hint: 'vya list shows what there is.' });
});

function vya(line: string): Promise<VyaResult> {
  return space.vya(line.split(' '), { measured: false });
}
