import type { Command } from '../../exec/command.ts';
import type { ClientSessions, LockWait } from '../client-sessions.ts';
import type { Database } from './session.ts';

interface Waiting {
  seconds: number;
  reason: string;
  pid: number | null;
  usename: string | null;
  client: string | null;
  state: string | null;
  since: number | null;
}

/**
 * The client programs' sessions in one database, by the application names that this run's programs alone have. A session of the
 * account's own may be ended without further privileges.
 */
export function clientSessions(
  main: Database,
  withUsable: (work: (database: Database) => Promise<void>) => Promise<void>,
  database: string,
  commands: readonly Command[],
): ClientSessions {
  const names = commands.map(({ env }) => env['PGAPPNAME'] ?? '');
  return {
    waits: async () => (await main.query<Waiting>(WAITS, [names, database])).map(describeWait),
    end: () =>
      withUsable(async (usable) => {
        await usable.query(
          `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = ANY ($1) AND datname = $2`,
          [names, database],
        );
      }),
  };
}

const WAITS = `SELECT extract(epoch FROM clock_timestamp() - a.query_start)::int AS seconds,
    'Waiting for a lock (' || a.wait_event || ')' AS reason,
    b.pid, b.usename, b.client_addr::text AS client, b.state,
    extract(epoch FROM clock_timestamp() - coalesce(b.xact_start, b.state_change))::int AS since
  FROM pg_stat_activity a
  LEFT JOIN LATERAL (SELECT * FROM pg_stat_activity s WHERE s.pid = ANY (pg_blocking_pids(a.pid)) LIMIT 1) b ON true
  WHERE a.application_name = ANY ($1) AND a.datname = $2 AND a.wait_event_type = 'Lock'`;

function describeWait({ seconds, reason, pid, usename, client, state, since }: Waiting): LockWait {
  const where = client === null ? '' : ` from ${client}`;
  const holder =
    pid === null
      ? undefined
      : `session ${pid} (${usename ?? 'somebody'}${where}, ${state ?? 'at work'}, its transaction open for ${since ?? 0} s)`;
  return { seconds, reason, holder };
}
