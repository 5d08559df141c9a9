import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { mysqlEngine } from '../../../src/db/mysql/engine.ts';
import { optionFile, quoteValue } from '../../../src/db/mysql/option-file.ts';
import { capture } from '../../../src/exec/capture.ts';
import type { TlsMode } from '../../../src/model/instance.ts';
import { serverIsMissing } from '../../servers/servers.ts';
import { type Bench, flavours, openBench } from './support.ts';
import { targetOf } from '../target.ts';

const awful = [
  'p#w"x\\y\'',
  ' spaces at both ends ',
  'ends with a backslash\\',
  '"quoted"',
  "'quoted'",
  '\\s\\n\\t\\\\',
  'tab\there',
  'line\nbreak',
  'car\rriage',
  '[client]',
  'größe 名 😀',
  '%:/@?=&;`$(id)',
  '!include /etc/passwd',
  'x'.repeat(70),
];

for (const kind of flavours) {
  describe.skipIf(await serverIsMissing(kind))(`option file for ${kind}`, () => {
    let bench: Bench;
    beforeAll(async () => {
      bench = await openBench(kind);
    });
    afterAll(async () => {
      await bench.admin.query('DROP USER IF EXISTS awful');
      await bench.close();
    });

    it.each(awful)('carries the password %j to the client programs (F36)', async (password) => {
      await bench.admin.query('DROP USER IF EXISTS awful');
      await bench.admin.query('CREATE USER awful IDENTIFIED BY ?', [password]);
      const target = targetOf(bench.server, { user: 'awful', password });
      const adapter = await mysqlEngine.connect(target, { signal: new AbortController().signal });
      try {
        const { stdout } = await capture(adapter.identityCommand(bench.programs));
        expect(stdout.trim()).toBe(bench.adapter.server.identity);
        expect(adapter.server.account).toBe("'awful'@'%'");
      } finally {
        await adapter.close();
      }
    });

    it.each([`o'brien"#`, 'a b', 'naïve@host', 'back\\slash'])('carries the user name %j', async (user) => {
      await bench.admin.query('DROP USER IF EXISTS ?@?', [user, '%']);
      await bench.admin.query('CREATE USER ?@? IDENTIFIED BY ?', [user, '%', 'secret-1']);
      const target = targetOf(bench.server, { user, password: 'secret-1' });
      const adapter = await mysqlEngine.connect(target, { signal: new AbortController().signal });
      try {
        const { stdout } = await capture(adapter.identityCommand(bench.programs));
        expect(stdout.trim()).toBe(bench.adapter.server.identity);
      } finally {
        await adapter.close();
        await bench.admin.query('DROP USER ?@?', [user, '%']);
      }
    });

    it('reaches the same server over its socket, without TLS', async () => {
      const target = targetOf(bench.server, {
        endpoint: { socket: bench.server.socket, port: bench.server.port },
      });
      const adapter = await mysqlEngine.connect(target, { signal: new AbortController().signal });
      try {
        const { stdout } = await capture(adapter.identityCommand(bench.programs));
        expect(stdout.trim()).toBe(bench.adapter.server.identity);
        expect(adapter.server.identity).toBe(bench.adapter.server.identity);
      } finally {
        await adapter.close();
      }
    });

    it('gives localhost with a port to TCP, never to the default socket (F44)', async () => {
      const target = targetOf(bench.server, { endpoint: { host: 'localhost', port: bench.server.port } });
      const adapter = await mysqlEngine.connect(target, { signal: new AbortController().signal });
      try {
        const { stdout } = await capture(adapter.identityCommand(bench.programs));
        expect(stdout.trim()).toBe(bench.adapter.server.identity);
      } finally {
        await adapter.close();
      }
    });

    it('keeps the password out of arguments and environment', () => {
      const { args, env, secretFile } = bench.adapter.identityCommand(bench.programs);
      const { password } = bench.server.admin;
      expect(JSON.stringify([args, env])).not.toContain(password);
      expect(secretFile?.content).toContain(password);
      expect(env).not.toHaveProperty('HOME');
    });

    it('uses TLS for the client programs exactly where the metadata session does (F12)', async () => {
      const options = (mode: TlsMode, encrypted: boolean) =>
        optionFile(targetOf(bench.server, { tls: { mode } }), encrypted, bench.programs.load);
      const off = bench.adapter.server.flavour === 'mysql' ? 'ssl-mode="DISABLED"' : 'skip-ssl\n';
      const on = bench.adapter.server.flavour === 'mysql' ? 'ssl-mode="REQUIRED"' : '\nssl\n';
      expect(options('disable', false)).toContain(off);
      expect(options('prefer', false)).toContain(off);
      expect(options('prefer', true)).toContain(on);
      expect(options('require', true)).toContain(on);
      const verified = options('verify-full', true);
      expect(verified).toContain(
        bench.adapter.server.flavour === 'mysql'
          ? 'ssl-mode="VERIFY_IDENTITY"'
          : '\nssl-verify-server-cert\n',
      );
    });
  });
}

describe('values of option files', () => {
  it('refuses what the clients would cut off', () => {
    expect(() => quoteValue('a\0b')).toThrow(/zero byte/);
  });
});
