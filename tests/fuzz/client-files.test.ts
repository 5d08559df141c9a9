import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it, onTestFinished } from 'vitest';
import { quoteValue } from '../../src/db/mysql/option-file.ts';
import { capture } from '../../src/exec/capture.ts';
import { open, programsOf } from '../db/postgresql/harness.ts';
import { connect } from '../servers/connect.ts';
import { serverIsMissing, sharedServer } from '../servers/servers.ts';

const signal = new AbortController().signal;

/** Printable texts that are full of what files of clients take for syntax. */
const syntax = [
  '"',
  "'",
  '\\',
  '\\n',
  '\\s',
  '#',
  ';',
  ' ',
  '  ',
  '=',
  ':',
  '*',
  '[client]',
  '!include x',
  '\t',
  '$HOME',
  '`id`',
  '%',
  'é',
  '日',
  '😀',
];
const text = fc
  .array(fc.oneof(fc.constantFrom(...syntax), fc.string({ maxLength: 4 })), { maxLength: 10 })
  .map((all) => all.join(''));

describe.each([
  ['mariadb-10.11', 'mariadb'],
  ['mysql-9.7', 'mysql'],
] as const)('an option file for %s', async (kind, client) => {
  it.skipIf(await serverIsMissing(kind))('gives any value to the client unchanged (F36)', async () => {
    const { binDir } = await sharedServer(kind);
    const directory = await mkdtemp(join(tmpdir(), 'vya-fuzz-'));
    onTestFinished(() => rm(directory, { recursive: true }));
    const path = join(directory, 'client');
    const line = fc.oneof(
      text,
      text.map((each) => `${each}\n\r\b`),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(line, { minLength: 50, maxLength: 50 }), async (values) => {
        const lines = values.map((value, at) => `v${at}=${quoteValue(value)}`);
        await writeFile(path, `[client]\n${lines.join('\n')}\n`);
        const args = [`--defaults-file=${path}`, '--print-defaults'];
        const { stdout } = await capture(
          { file: join(binDir, client), args, env: {} },
          { signal, timeoutMs: 60_000 },
        );
        const read = stdout.slice(stdout.indexOf('\n') + 1);
        expect(read).toBe(`${values.map((value, at) => `--v${at}=${value} `).join('')}\n`);
      }),
      { numRuns: 20 },
    );
  });
});

describe.each(['postgresql-15', 'postgresql-18'] as const)('a password file for %s', async (kind) => {
  it.skipIf(await serverIsMissing(kind))('gives any password to the client unchanged (F36)', async () => {
    const server = await sharedServer(kind);
    const admin = await connect(server);
    onTestFinished(async () => {
      await admin.query('DROP ROLE IF EXISTS fuzz_login');
      await admin.close();
    });
    await admin.query('CREATE ROLE fuzz_login LOGIN');
    await fc.assert(
      fc.asyncProperty(text, async (password) => {
        fc.pre(password !== '');
        await admin.query(`ALTER ROLE fuzz_login PASSWORD '${password.replaceAll("'", "''")}'`);
        const adapter = await open(server, { user: 'fuzz_login', password });
        const command = adapter.identityCommand(await programsOf(server, adapter));
        const { stdout } = await capture(command, { signal, timeoutMs: 60_000 });
        await adapter.close();
        expect(stdout.trim()).toBe(adapter.server.identity);
      }),
      { numRuns: 15 },
    );
  });
});
