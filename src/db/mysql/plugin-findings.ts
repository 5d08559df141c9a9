import type { Knex } from 'knex';
import type { AccountChange } from '../accounts.ts';
import type { Finding } from '../finding.ts';
import { pluginsOf } from './accounts/account-problems.ts';
import { warning } from './finding.ts';
import { attempt, rows } from './query.ts';

/** Plugins that accounts log in with and that this server has not loaded: it refuses to make such accounts. */
export async function pluginFindings(knex: Knex, changes: readonly AccountChange[]): Promise<Finding[]> {
  const users = new Map<string, Set<string>>();
  for (const { account, kind, sql } of changes) {
    if ((kind !== 'create' && kind !== 'alter') || !sql.includes(' IDENTIFIED ')) continue;
    // What stands in capitals after WITH is a limit of the account's.
    const plugins = pluginsOf(sql).filter((plugin) => plugin !== plugin.toUpperCase());
    for (const plugin of plugins) users.set(plugin, (users.get(plugin) ?? new Set()).add(account));
  }
  if (users.size === 0) return [];
  const found = await attempt(() =>
    rows<{ name: string }>(
      knex,
      `SELECT PLUGIN_NAME AS name FROM information_schema.PLUGINS
        WHERE PLUGIN_TYPE = 'AUTHENTICATION' AND PLUGIN_STATUS = 'ACTIVE'`,
    ),
  );
  if (!found) return [];
  const loaded = new Set(found.map(({ name }) => name));
  return [...users].flatMap(([plugin, accounts]) =>
    loaded.has(plugin)
      ? []
      : [
          warning(
            `the server has not loaded the plugin ${plugin}, with which ${[...accounts].join(', ')} log in`,
            'Install the plugin on the server first.',
          ),
        ],
  );
}
