import { expect, test } from 'vitest';
import { connect } from '../servers/connect.ts';
import type { TestServer } from '../servers/server.ts';
import {
  type BackupJson,
  type Contract,
  databasesOf,
  dropDatabase,
  ended,
  quoteName,
  restore,
  run,
  sample,
} from './contract.ts';

/** Names that tools take for connection strings, options, paths, globs, shell code or each other. */
const awful = [
  'a=b',
  'host=/nowhere dbname=template1',
  'postgresql://127.0.0.1:1/postgres',
  '-rf',
  '--help',
  '../../evil',
  '.hidden',
  '@accounts',
  ` sp  ace "q" 'a' \`b\` $(id) %s \\n ; & * ?!`,
  'new\nline\ttab',
  'Foo',
  'foo',
  '\u00e9',
  'e\u0301',
];

/** The longest name with wide characters: 64 of them in MySQL, whose directory's name must fit as well; 63 bytes in PostgreSQL. */
function longest({ type }: TestServer): string {
  return type === 'mysql' ? 'é'.repeat(64) : '食'.repeat(21);
}

export function nameCases(contract: Contract): void {
  test('databases with awful names are backed up each for itself and come back (F34)', async () => {
    const { server, space } = contract;
    const names = [...awful, longest(server)];
    for (const name of names) {
      await run(server, `CREATE DATABASE ${quoteName(server, name)}`);
      const connection = await connect(server, name);
      await connection.script(
        `CREATE TABLE witness (name varchar(400)${server.type === 'mysql' ? ' CHARACTER SET utf8mb4' : ''})`,
      );
      await connection.query(`INSERT INTO witness VALUES (${server.type === 'mysql' ? '?' : '$1'})`, [name]);
      await connection.close();
    }
    const backup = await space.vya(['backup', '--instance', 'names', '--format', 'json', '--jobs', '2']);
    ended(backup, 0);
    const taken = backup.json<BackupJson>().instances[0]?.databases ?? [];
    expect(taken.map(({ database }) => database).toSorted()).toEqual(names.toSorted());
    // Each has a directory of its own, and all of them are inside the storage tree.
    const directories = taken.map(({ path }) => path.slice(0, path.lastIndexOf('/')));
    expect(new Set(directories).size).toBe(names.length);
    expect(directories.map((path) => path.slice(0, path.lastIndexOf('/')))).toEqual(
      names.map(() => `${space.storagePath}/names`),
    );

    await Promise.all(names.map((name) => dropDatabase(server, name)));
    const queue = [...names];
    const restoreNext = async (): Promise<void> => {
      for (let name = queue.shift(); name !== undefined; name = queue.shift()) {
        await restore(contract, ['--instance=names', `--database=${name}`, '--latest'], { measured: false });
      }
    };
    await Promise.all([restoreNext(), restoreNext()]);
    expect(await databasesOf(server)).toEqual([...names, sample].toSorted());
    for (const name of names) {
      const connection = await connect(server, name);
      expect(await connection.query('SELECT name FROM witness')).toEqual([{ name }]);
      await connection.close();
      await dropDatabase(server, name);
    }
  });
}
