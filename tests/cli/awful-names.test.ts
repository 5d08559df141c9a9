import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { databasesOf, quoteName, run } from '../contract/contract.ts';
import { type Fingerprint, fingerprint } from '../contract/fingerprint.ts';
import { connect } from '../servers/connect.ts';
import type { TestServer } from '../servers/server.ts';
import { serverIsMissing, startServer } from '../servers/servers.ts';
import { workspace, type Workspace } from './vya.ts';

/** What objects can be called, and tools take for something else. */
const awful = [
  'a=b',
  'host=x dbname=y',
  'postgresql://h/x',
  '-rf',
  '--help',
  '../../evil',
  '.hidden',
  'lost+found',
  ' leading space',
  `"double"`,
  `'single'`,
  '`back`',
  '$(id)',
  '%',
  '%s%n',
  '*',
  'back\\slash',
  'semi;colon',
  'new\nline',
  'tab\tstop',
  '/* comment */ --',
  'Foo',
  'foo',
  'caf\u00e9',
  'cafe\u0301',
  '__proto__',
  'constructor',
  // Not ';;': it sends mysqldump 9.7 into an endless loop when it stands in an event.
  'DELIMITER //',
];
const database = ` "q" 'a' \`b\` $(id) %s \\n ; *=?!`;
const renamed = `--file=\`x\` 'y' "z" \t$HOME \\`;

function mysqlObjects({ kind }: TestServer): string[] {
  const quote = (name: string) => `\`${name.replaceAll('`', '``')}\``;
  const own = quote(database);
  // 64 of them are allowed, but the name of their file would not fit into a directory.
  const longest = '食'.repeat(48);
  return [...awful, 'é'.repeat(64), longest].flatMap((name, index) => {
    const table = quote(name);
    const other = quote(`${index} ${name}`.slice(0, 64));
    return [
      `CREATE TABLE ${table} (id int AUTO_INCREMENT PRIMARY KEY, ${table} text, KEY ${table} (${table}(5)), KEY ${other} (id)) COMMENT 'it''s; /* ${index} */'`,
      `INSERT INTO ${table} (${table}) VALUES ('\\'; USE mysql; -- '), (${JSON.stringify(name)})`,
      `CREATE VIEW ${quote(`v${index} ${name}`.slice(0, 64))} AS SELECT ${table} FROM ${table}`,
      `CREATE TRIGGER ${other} BEFORE INSERT ON ${own}.${table} FOR EACH ROW SET new.${table} = 'x;y'`,
      `CREATE PROCEDURE ${other} () SELECT COUNT(*) FROM ${table}`,
      // mariadb-dump cannot dump events of a database whose name holds a quote or a backslash: it escapes the name twice.
      kind === 'mariadb-10.11'
        ? `CREATE SEQUENCE ${quote(`s${index} ${name}`.slice(0, 64))} START 7`
        : `CREATE EVENT ${other} ON SCHEDULE EVERY 1 DAY STARTS '2037-01-01 00:00:00' DISABLE DO DELETE FROM ${table}`,
    ];
  });
}

function postgresqlObjects(): string[] {
  const quote = (name: string) => `"${name.replaceAll('"', '""')}"`;
  const roles = awful.map((name) => `CREATE ROLE ${quote(`role ${name}`)}`);
  const statements = [...awful, '食'.repeat(21), '\u{1f9c0}'.repeat(15)].flatMap((name, index) => {
    const schema = quote(name);
    const table = `${schema}.${schema}`;
    const text = `'${name.replaceAll("'", "''")}'`;
    return [
      `CREATE SCHEMA ${schema}`,
      `CREATE TABLE ${table} (id int PRIMARY KEY, ${schema} text DEFAULT ${text})`,
      `INSERT INTO ${table} VALUES (${index}, ${text}), (-1, E'\\\\.\\n\\\\! id')`,
      `CREATE VIEW ${schema}.v AS SELECT ${schema} FROM ${table}`,
      `CREATE SEQUENCE ${schema}.${quote(`s ${name}`.slice(0, 20))} START 7`,
      `CREATE FUNCTION ${schema}.${quote(`f ${name}`.slice(0, 20))} () RETURNS trigger LANGUAGE plpgsql AS $x$BEGIN RETURN new; END$x$`,
      `CREATE TRIGGER ${schema} BEFORE INSERT ON ${table} FOR EACH ROW EXECUTE FUNCTION ${schema}.${quote(`f ${name}`.slice(0, 20))} ()`,
      `COMMENT ON TABLE ${table} IS ${text}`,
      ...(index < awful.length
        ? [
            `ALTER VIEW ${schema}.v OWNER TO ${quote(`role ${name}`)}`,
            `GRANT SELECT ON ${table} TO ${quote(`role ${name}`)}`,
          ]
        : []),
    ];
  });
  return [...roles, ...statements];
}

for (const kind of ['mysql-9.7', 'mariadb-10.11', 'postgresql-18'] as const) {
  describe.skipIf(await serverIsMissing(kind))(`objects with awful names on ${kind}`, () => {
    let server: TestServer;
    let space: Workspace;

    beforeAll(async () => {
      server = await startServer(kind);
      const charset = server.type === 'mysql' ? 'CHARACTER SET utf8mb4' : '';
      await run(server, `CREATE DATABASE ${quoteName(server, database)} ${charset}`);
      const connection = await connect(server, database);
      // One by one: MySQL keeps the semicolon after an event that is made among several statements.
      for (const statement of server.type === 'mysql' ? mysqlObjects(server) : postgresqlObjects())
        await connection.script(statement);
      await connection.close();
      space = await workspace({ instances: [{ id: 'main', server }] });
    });
    afterAll(async () => {
      await space.remove();
      await server.stop();
    });

    test(
      'are backed up, rehearsed, and come back over themselves and under another name (F26, F34)',
      { timeout: 400_000 },
      async () => {
        const original = await fingerprint(server, database);
        const backup = await space.vya(['backup', '--rehearse']);
        expect(backup.code, backup.stdout + backup.stderr).toBe(0);

        const over = ['restore', '--instance', 'main', `--database=${database}`, '--latest', '--force'];
        const restored = await space.vya(over);
        expect(restored.code, restored.stdout + restored.stderr).toBe(0);
        expect(await fingerprint(server, database)).toEqual(original);

        const beside = await space.vya([...over, `--target-database=${renamed}`]);
        expect(beside.code, beside.stdout + beside.stderr).toBe(0);
        const copy = await fingerprint(server, renamed);
        expect(Object.keys(copy).toSorted()).toEqual(Object.keys(original).toSorted());
        const onlyRows = (print: Fingerprint) =>
          Object.fromEntries(Object.entries(print).filter(([key]) => key.startsWith('rows of')));
        expect(onlyRows(copy)).toEqual(onlyRows(original));
        expect(await fingerprint(server, database)).toEqual(original);
        expect(await databasesOf(server)).toEqual([database, renamed].toSorted());
      },
    );
  });
}
