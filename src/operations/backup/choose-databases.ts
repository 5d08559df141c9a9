import type { DatabaseAdapter, DatabaseInfo } from '../../db/adapter.ts';
import { VyaError } from '../../errors.ts';
import { nearest } from '../../model/nearest.ts';
import { summarize } from '../restore/compare.ts';
import type { InstanceJob } from '../jobs.ts';
import { selectDatabases } from './select-databases.ts';

export interface ChosenDatabases {
  chosen: DatabaseInfo[];
  /** Names that were asked for and are not there: each is a failure of its own, and the others go on. */
  missing: { database: string; error: VyaError }[];
  warnings: string[];
}

/**
 * The databases of a server that a backup takes: those that are named on the command line, otherwise the configured ones.
 *
 * @throws VyaError `configuration` when nothing is left
 */
export async function chooseDatabases(
  adapter: DatabaseAdapter,
  instance: InstanceJob,
  named: readonly string[] = [],
): Promise<ChosenDatabases> {
  const present = await adapter.databases();
  const { chosen, missing, warnings } = selectDatabases({
    type: instance.type,
    present,
    include: named.length > 0 ? named : instance.include,
    exclude: named.length > 0 ? [] : instance.exclude,
    literal: named.length > 0,
  });
  if (chosen.length === 0 && missing.length === 0) throw nothingToDo(adapter, warnings);
  const names = new Set(chosen);
  const forgotten = named.length > 0 || names.has('postgres') ? [] : await tablesInPostgres(adapter);
  return {
    chosen: present.filter(({ name }) => names.has(name)),
    missing: missing.map((database) => ({ database, error: missingDatabase(adapter, database, present) })),
    warnings: [...warnings, ...forgotten],
  };
}

/** The database `postgres` is the server's own, but people put tables into it, and would miss them. */
async function tablesInPostgres(adapter: DatabaseAdapter): Promise<string[]> {
  if (adapter.target.type !== 'postgresql' || !(await adapter.databaseExists('postgres'))) return [];
  const { tables } = await adapter.inventory('postgres');
  if (tables.length === 0) return [];
  return [
    `The database postgres holds ${tables.length} tables and is not backed up; name it under databases if it should be`,
  ];
}

function missingDatabase(
  { target, server }: DatabaseAdapter,
  name: string,
  present: readonly DatabaseInfo[],
): VyaError {
  const near = nearest(
    name,
    present.filter(({ system }) => !system).map((database) => database.name),
  );
  const correct = 'Correct the name (it is case-sensitive), or take it out of the configuration.';
  const hints = near === undefined ? [correct] : [`Did you mean ${near}?`];
  // MySQL shows an account only the databases on which it has a privilege.
  if (near === undefined && target.type === 'mysql')
    hints.push(
      `If it is there, ${server.account} may not see it: GRANT SELECT ON *.* TO ${server.account}; shows all.`,
    );
  return new VyaError('not-found', `${target.id} has no database “${name}”`, { hint: hints.join('\n') });
}

function nothingToDo({ target, server }: DatabaseAdapter, reasons: readonly string[]): VyaError {
  const why = reasons.length > 0 ? `: ${summarize(reasons)}` : '';
  const hints = ['The server has no databases but its own, or databases and exclude_databases leave none.'];
  if (target.type === 'mysql')
    hints.push(`Or ${server.account} may see none: GRANT SELECT ON *.* TO ${server.account}; shows all.`);
  return new VyaError('configuration', `${target.id}: nothing is left to back up${why}`, {
    hint: hints.join('\n'),
  });
}
