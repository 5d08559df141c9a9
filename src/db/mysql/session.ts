import type { Knex } from 'knex';

/** One session of a pool, kept apart for what belongs together in it: a transaction, locks. */
export interface PinnedSession {
  /** The server's number of the connection. */
  id: number;
  /** Runs one statement as it stands and returns its rows. Throws the driver's error. */
  ask<Row>(sql: string): Promise<Row[]>;
  /** Gives the session back to its pool. Whatever is open in it has to be ended before. */
  release(): Promise<void>;
}

export async function pinSession(knex: Knex): Promise<PinnedSession> {
  const connection: unknown = await knex.client.acquireConnection();
  const ask = async <Row>(sql: string): Promise<Row[]> => {
    const result = (await knex.raw(sql).connection(connection)) as [unknown];
    return Array.isArray(result[0]) ? (result[0] as Row[]) : [];
  };
  const release = async () => {
    await knex.client.releaseConnection(connection);
  };
  try {
    const [own] = await ask<{ id: string | number }>('SELECT CONNECTION_ID() AS id');
    return { id: Number(own?.id), ask, release };
  } catch (error) {
    await release();
    throw error;
  }
}
