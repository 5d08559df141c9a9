import { setTimeout as sleep } from 'node:timers/promises';
import { expect, onTestFinished, test } from 'vitest';
import { shimsOf } from '../cli/shims.ts';
import { createTestDatabase } from '../cli/test-database.ts';
import { workspace } from '../cli/vya.ts';
import { serverIsMissing, sharedServer } from '../servers/servers.ts';

const kinds = [
  ['mariadb-10.11', 'mariadb-dump', '*--single-transaction*'],
  ['postgresql-18', 'pg_dump', '*--lock-wait-timeout*'],
] as const;

for (const [kind, dump, itsOwn] of kinds) {
  test.skipIf(await serverIsMissing(kind))(
    `what was asked of a database is asked anew when its turn comes late, ${kind}`,
    async () => {
      const server = await sharedServer(kind);
      const sql = 'CREATE TABLE old (n int)';
      const first = await createTestDatabase(server, 'waiting_a', sql);
      const second = await createTestDatabase(server, 'waiting_b', sql);
      const databases = ['waiting_a', 'waiting_b'];
      const space = await workspace({ instances: [{ id: 'main', server, settings: { databases } }] });
      onTestFinished(async () => {
        await space.remove();
        await first.drop();
        await second.drop();
      });
      const shims = shimsOf(space, server);
      const gate = await shims.gate(dump, itsOwn);
      const { result } = space.start(['backup', '--jobs', '1', '--format', 'json'], {
        env: await shims.env(),
      });
      await expect.poll(gate.reached, { timeout: 60_000, interval: 20 }).toBe(true);
      // The other one is looked at meanwhile; nothing outside tells when.
      await sleep(1_000);
      for (const each of [first, second]) await each.script('CREATE TABLE fresh (n int)');
      await sleep(1_500);
      await gate.open();
      const { code, stdout, stderr } = await result;
      expect(code, stdout + stderr).toBe(0);
      const changed = stderr.split('\n').filter((line) => line.includes('changed while it was dumped'));
      // Only the one that was at work, whichever came first.
      expect(databases.filter((name) => changed.some((line) => line.includes(name)))).toHaveLength(1);
    },
  );
}
