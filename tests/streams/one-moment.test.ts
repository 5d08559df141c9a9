import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Connection, connect } from '../servers/connect.ts';
import type { TestServer } from '../servers/server.ts';
import { serverIsMissing, startServer } from '../servers/servers.ts';
import type { Writers } from '../servers/writers.ts';
import { everything, startFlow, sumOf } from './flow.ts';
import { made, partsOf, streaming, type Streaming } from './streamed.ts';

const patience = { timeout: 60_000, interval: 20 };

for (const kind of ['mysql-9.7', 'mariadb-10.11', 'mariadb-11.8'] as const) {
  describe.skipIf(await serverIsMissing(kind))(`streams of ${kind}`, () => {
    let server: TestServer;
    let admin: Connection;
    let flow: Writers;
    let vya: Streaming;
    beforeAll(async () => {
      // One of its own: writers of the whole server are held.
      server = await startServer(kind);
      admin = await connect(server);
      await admin.script('CREATE DATABASE river');
      flow = await startFlow(server, 'river');
      vya = await streaming(server, 'river');
      const accounts = {
        reloads: 'RELOAD, PROCESS',
        locks: 'LOCK TABLES',
        onlooker: 'REPLICATION CLIENT',
      };
      for (const [user, more] of Object.entries(accounts)) {
        await admin.script(`CREATE USER ${user}@'%' IDENTIFIED BY 'Stream.1';
          GRANT SELECT, SHOW VIEW, TRIGGER, EVENT, ${more} ON *.* TO ${user}@'%'`);
      }
    });
    afterAll(async () => {
      await flow.stop();
      await admin.close();
      await vya.remove();
      await server.stop();
    });

    it.each([
      ['an account that may do everything', {}],
      ['with RELOAD', { user: 'reloads', password: 'Stream.1' }],
      ['with LOCK TABLES', { user: 'locks', password: 'Stream.1' }],
      ['through a socket', 'socket'],
    ] as const)('read from one moment while money flows between them: %s (F47)', async (_, changes) => {
      const target =
        changes === 'socket' ? { endpoint: { socket: server.socket, port: server.port } } : changes;
      const before = flow.commits();
      await expect.poll(flow.commits, patience).toBeGreaterThan(before + 10);
      const backup = made(await vya.backUp({}, target));
      expect(flow.commits()).toBeGreaterThan(before + 10);
      expect(vya.lines.filter((line) => line.includes('one stream'))).toEqual([]);
      expect(await partsOf(backup)).toEqual([
        '1-definitions',
        ...['01', '02', '03', '04'].map((number) => `2-rows-${number}`),
      ]);
      await vya.restore(backup, 'river_copy');
      expect(await sumOf(server, 'river_copy')).toBe(everything);
    });
  });
}
