import type { Knex } from 'knex';
import type { AccountChange } from '../../accounts.ts';
import { serverError } from '../query.ts';
import { VyaError } from '../../../errors.ts';

/**
 * Runs one statement of an accounts restore. A syntax error quotes the statement, and with it hashes: that part is left out, of the
 * cause too.
 *
 * @throws VyaError `privileges` or `failed`
 */
export async function changeAccount(knex: Knex, { sql, shown }: AccountChange): Promise<void> {
  try {
    await knex.raw(sql);
  } catch (error) {
    // A lost connection is no answer of the server.
    if (typeof (error as { errno?: unknown }).errno !== 'number') throw error;
    const { kind, message, hint } = serverError(error, shown);
    throw new VyaError(kind, message.replace(/ near '.*$/s, ' (its words are left out)'), { hint });
  }
}
