import { expect, onTestFinished, test } from 'vitest';
import { gather } from '../../../src/db/postgresql/gather.ts';
import { withDatabase } from '../../../src/db/postgresql/session.ts';
import { connect } from '../../servers/connect.ts';
import { serverIsMissing, sharedServer } from '../../servers/servers.ts';
import { targetOf } from '../target.ts';
import { open, signal } from './harness.ts';
import { createRichDatabase } from './rich-database.ts';

const missing = await serverIsMissing('postgresql-18');

test.skipIf(missing)('a visit asks everything in one session, which ends with it', async () => {
  const server = await sharedServer('postgresql-18');
  const rich = await createRichDatabase(server);
  onTestFinished(rich.drop);
  const adapter = await open(server);
  const admin = await connect(server);
  onTestFinished(() => admin.close());
  const sessions = async () =>
    (
      await admin.query<{ pid: number }>(
        `SELECT pid FROM pg_stat_activity WHERE datname = $1 AND application_name = 'vya' AND backend_type = 'client backend'`,
        [rich.name],
      )
    ).map(({ pid }) => pid);

  const without = await adapter.inventory(rich.name);
  await expect.poll(sessions, { timeout: 20_000 }).toEqual([]);

  const visit = adapter.visit(rich.name);
  expect(await sessions()).toEqual([]);
  expect(await adapter.inventory(rich.name)).toEqual(without);
  const [first, ...others] = await sessions();
  expect(others).toEqual([]);
  await adapter.dumpFindings(rich.name, without);
  expect(await sessions()).toEqual([first]);

  // Ended by somebody: the failure is told, and whoever asks again gets an answer.
  await admin.query('SELECT pg_terminate_backend($1)', [first]);
  await expect.poll(sessions, { timeout: 20_000 }).toEqual([]);
  await adapter.inventory(rich.name).catch(() => {});
  expect(await adapter.inventory(rich.name)).toEqual(without);
  await visit.end();
  await visit.end();
  await expect.poll(sessions, { timeout: 20_000 }).toEqual([]);
});

test.skipIf(missing)('what is asked at the same time is answered each for itself', async () => {
  const server = await sharedServer('postgresql-18');
  await withDatabase(targetOf(server), 'postgres', signal, async (database) => {
    let messages = 0;
    const ask = gather((text, values) => {
      messages += 1;
      return database.query(text, values);
    });
    expect(
      await Promise.all([
        ask('SELECT 1 AS one'),
        ask('SELECT 2 AS two WHERE false'),
        ask('SELECT x FROM generate_series(1, 3) AS x'),
        ask('SELECT $1::text AS given', ['it']),
      ]),
    ).toEqual([[{ one: 1 }], [], [{ x: 1 }, { x: 2 }, { x: 3 }], [{ given: 'it' }]]);
    expect(messages).toBe(2);
    expect(await ask('SELECT 1 AS alone')).toEqual([{ alone: 1 }]);
    const failed = await Promise.allSettled([ask('SELECT 1'), ask('SELECT 1 / 0')]);
    expect(failed.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
    expect(await ask('SELECT 1 AS alone')).toEqual([{ alone: 1 }]);
  });
});
