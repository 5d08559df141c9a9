import { type Connection, connect } from './connect.ts';
import type { TestServer } from './server.ts';

/** Sessions that write, one commit after the other. */
export interface Writers {
  /** How many commits there were so far. */
  commits(): number;
  /** Throws what broke a writer. */
  stop(): Promise<void>;
}

/**
 * Begins to write with several sessions at the same time.
 *
 * @param write makes one commit, the `turn`th of a writer; false: it came to nothing
 */
export async function startWriters(
  server: TestServer,
  database: string,
  count: number,
  write: (session: Connection, writer: number, turn: number) => Promise<boolean>,
): Promise<Writers> {
  const state = { stopped: false, commits: 0 };
  const sessions = await Promise.all(Array.from({ length: count }, () => connect(server, database)));
  const working = sessions.map(async (session, writer) => {
    for (let turn = 0; !state.stopped; turn += 1) {
      if (await write(session, writer, turn)) state.commits += 1;
    }
  });
  // What breaks one is told by stop().
  for (const work of working) work.catch(() => {});
  return {
    commits: () => state.commits,
    async stop() {
      state.stopped = true;
      const ended = await Promise.allSettled(working);
      for (const session of sessions) await session.close();
      const failure = ended.find((end) => end.status === 'rejected');
      if (failure) throw failure.reason;
    },
  };
}
