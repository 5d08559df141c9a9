import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { accountsState } from '../../tests/accounts/state.ts';
import { type Fingerprint, fingerprint } from '../../tests/contract/fingerprint.ts';
import { loadSample } from '../../tests/samples/samples.ts';
import { connect } from '../../tests/servers/connect.ts';
import type { ServerKind } from '../../tests/servers/kinds.ts';
import type { TestServer } from '../../tests/servers/server.ts';
import { pathWith, startServer } from '../../tests/servers/servers.ts';
import { createApplication, useApplication } from './application.ts';
import { heading, say } from './narration.ts';
import { addInstance, configure, type DemoInstance, runVya, type Workspace } from './workspace.ts';

/** The whole demo, as an operator would live it: each `$ vya …` line is the real program, started as a shell would. */
const database = 'shop';
const kinds: { id: string; kind: ServerKind }[] = [
  { id: 'mariadb', kind: 'mariadb-10.11' },
  { id: 'mysql', kind: 'mysql-9.7' },
  { id: 'postgresql', kind: 'postgresql-18' },
];

async function demo(folder: string, servers: TestServer[]): Promise<void> {
  heading('Three private servers with a sample database each');
  const instances: DemoInstance[] = [];
  for (const { id, kind } of kinds) {
    const server = await startServer(kind);
    servers.push(server);
    await loadSample(server, database);
    await createApplication(server);
    say(`${kind} listens on ${server.host}:${server.port}, database “${database}” is loaded`);
    instances.push({ id, server });
  }

  heading('A configuration and encrypted credentials');
  const workspace = await configure(folder, instances, await pathWith(...servers));
  const vya = (...args: string[]): Promise<void> => runVya(workspace, args);
  await vya('config', 'validate');
  await vya('credentials', 'list');

  heading('Look first, then back up');
  await vya('check');
  await vya('backup');
  await vya('list');
  await vya('verify');

  heading('Disaster: the database is dropped on each server');
  const before = new Map<string, Fingerprint>();
  for (const { id, server } of instances) {
    before.set(id, await fingerprint(server, database));
    await drop(server);
    say(`${id}: DROP DATABASE ${database}`);
  }

  heading('Restore, and compare with what was there');
  for (const { id, server } of instances) {
    await vya('restore', '--instance', id, '--database', database, '--latest');
    assertEqual(id, before.get(id) as Fingerprint, await fingerprint(server, database));
    say(`${id}: every row, object, grant and sequence is as it was`);
  }

  heading('A copy beside the original, and a second backup');
  await vya(
    'restore',
    '--instance',
    'mariadb',
    '--database',
    database,
    '--latest',
    '--target-database',
    'shop_copy',
  );
  await vya('backup', '--instance', 'mariadb', '--database', database);
  await vya('prune', '--dry-run');
  await vya('prune');

  for (const instance of instances) await wholeServer(workspace, instances, instance, servers);
}

/** The whole server goes, and a bare one becomes what it was. */
async function wholeServer(
  workspace: Workspace,
  instances: readonly DemoInstance[],
  { id, server }: DemoInstance,
  servers: TestServer[],
): Promise<void> {
  heading(`The worst case: ${id} is gone with its disk, and a bare server takes its place`);
  const before = [await fingerprint(server, database), await accountsState(server)] as const;
  await server.stop();
  servers.splice(servers.indexOf(server), 1);
  const bare = await startServer(server.kind);
  servers.push(bare);
  const rescue = `new-${id}`;
  await addInstance(workspace, instances, { id: rescue, server: bare });
  const whole = ['restore', '--instance', id, '--all', '--latest', '--target-instance', rescue];
  await runVya(workspace, [...whole, '--dry-run']);
  await runVya(workspace, whole);
  assertEqual(id, before[0], await fingerprint(bare, database));
  if (!isDeepStrictEqual(before[1], await accountsState(bare))) throw new Error(`${id}: the accounts differ`);
  await useApplication(bare);
  say(`${id}: databases, accounts and grants are what they were, and shop_app logs in with its old password`);
}

async function drop(server: TestServer): Promise<void> {
  const connection = await connect(server);
  try {
    await connection.script(`DROP DATABASE ${database}`);
  } finally {
    await connection.close();
  }
}

function assertEqual(id: string, before: Fingerprint, after: Fingerprint): void {
  const keys = new Set([...Object.keys(before), ...Object.keys(after)]);
  const different = [...keys].filter((key) => before[key] !== after[key]);
  if (different.length > 0)
    throw new Error(`${id}: the restored database differs in ${different.join(', ')}`);
}

function conclude(folder: string): void {
  heading('What was proven');
  say('Each of three servers lost its database and got it back, equal to the last byte and object.');
  say(
    'Then each was lost whole, and one command made a bare server what it was, accounts and passwords included.',
  );
  say('Every backup was read to its end, and passwords were never on a command line.');
  heading('Try next');
  say('The servers are gone; the backups, the configuration and a vya that uses them are here:');
  say(`  ${folder}`);
  say('These work without the servers:');
  for (const command of ['list', 'verify --all', 'config show', 'restore --help'])
    say(`  ${folder}/vya ${command}`);
  say('Your own server: README.md, “A first backup in five minutes”.');
  say(`Clean up: rm -r ${folder}`);
}

const folder = await mkdtemp(join(tmpdir(), 'vya-demo-'));
const servers: TestServer[] = [];
let succeeded = false;
const interrupted = new Promise<never>((_, reject) => {
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
    process.on(signal, () => reject(new Error(`ended by ${signal}`)));
});
try {
  await Promise.race([demo(folder, servers), interrupted]);
  succeeded = true;
} catch (error) {
  console.error(`\nThe demo failed: ${(error as Error).message}`);
  process.exitCode = 1;
} finally {
  await Promise.all(servers.map((server) => server.stop()));
  if (!succeeded) await rm(folder, { recursive: true, force: true });
}
if (succeeded) conclude(folder);
