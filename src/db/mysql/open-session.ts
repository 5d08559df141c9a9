import type { Knex } from 'knex';
import type { InstanceTarget } from '../../model/instance.ts';
import { openKnex, type OpenKnex } from '../engine.ts';

/**
 * Times as the dumps have them; sizes that are not a day old, as MySQL's may be otherwise; a moved table's default may change
 * although MariaDB keeps its history.
 */
const SETTINGS = `SET SESSION time_zone = '+00:00' /*!80000 , information_schema_stats_expiry = 0 */
    /*M!100304 , system_versioning_alter_history = KEEP */`;

/** The longest that both flavours take, in seconds: a restore may load for days before its own session is needed again. */
const A_YEAR = 31_536_000;

/** Opens sessions for metadata. Throws VyaError `connection`. */
export function openSessions(target: InstanceTarget, signal: AbortSignal): Promise<OpenKnex> {
  return openKnex(target, { signal, sessionStatements: [SETTINGS] });
}

/** Opens the one session whose locks say that its run is alive. No signal cuts it off. Throws VyaError `connection`. */
export function openLasting(target: InstanceTarget): Promise<OpenKnex> {
  const wait = `SET SESSION wait_timeout = ${A_YEAR}`;
  return openKnex(target, {
    signal: new AbortController().signal,
    sessionStatements: [SETTINGS, wait],
    single: true,
  });
}

/** A session that no signal cuts off: what cleans up or takes steps back has to work after one, too. */
export async function withOwnSession<T>(target: InstanceTarget, work: (own: Knex) => Promise<T>): Promise<T> {
  const { knex } = await openSessions(target, new AbortController().signal);
  try {
    return await work(knex);
  } finally {
    await knex.destroy();
  }
}
