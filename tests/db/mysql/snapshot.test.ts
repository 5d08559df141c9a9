import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { connect, type Login } from '../../servers/connect.ts';
import type { TestServer } from '../../servers/server.ts';
import { serverIsMissing, startServer } from '../../servers/servers.ts';
import { exactDump, measureCopy } from './exact.ts';
import { type Bench, flavours, freshDatabase, openBench } from './support.ts';
import { startTransfers } from './transfers.ts';

for (const kind of flavours) {
  describe.skipIf(await serverIsMissing(kind))(`snapshots of ${kind}`, () => {
    let server: TestServer;
    let benches: Bench[];

    async function account(user: string, grants: string): Promise<Bench> {
      const login: Login = { user, password: 'Exact.1234' };
      const admin = await connect(server);
      try {
        await admin.script(
          `CREATE USER ${user}@'%' IDENTIFIED BY '${login.password}'; GRANT ${grants} ON *.* TO ${user}@'%'`,
        );
      } finally {
        await admin.close();
      }
      return await openBench(kind, login, server);
    }

    beforeAll(async () => {
      // One of their own: they hold all writers of a server.
      server = await startServer(kind);
      const reading = 'SELECT, SHOW VIEW, TRIGGER, EVENT, REPLICATION CLIENT';
      benches = [
        await openBench(kind, {}, server),
        await account('reloads', `${reading}, RELOAD`),
        await account('locks', `${reading}, LOCK TABLES`),
      ];
    });
    afterAll(async () => {
      for (const bench of benches) await bench.close();
      await server.stop();
    });

    it('are shared by a dump and exact counts while transfers are committed all the time (F47)', async () => {
      const [admin] = benches as [Bench];
      await freshDatabase(admin, 'bank');
      const transfers = await startTransfers(server, 'bank');
      try {
        for (let round = 0; round < 16; round += 1) {
          const bench = benches[round % 3] as Bench;
          const { parts, measures } = await exactDump(bench, 'bank');
          const copy = await measureCopy(admin, parts, 'bank_copy', 'bank');
          expect(copy, `round ${round}`).toEqual(measures);
          expect(await transfers.total('bank_copy')).toBe(transfers.expected);
        }
      } finally {
        await transfers.stop();
      }
      expect(transfers.commits()).toBeGreaterThan(100);
    });
  });
}
