import type { DatabaseAdapter, DatabaseInfo } from '../db/adapter.ts';
import { VyaError } from '../errors.ts';
import type { InstanceJob } from './jobs.ts';
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
  const { chosen, missing } = selectDatabases({
    type: instance.type,
    present,
    include: named.length > 0 ? named : instance.include,
    exclude: named.length > 0 ? [] : instance.exclude,
    literal: named.length > 0,
  });
  if (chosen.length === 0 && missing.length === 0) throw nothingToDo(instance.id);
  const names = new Set(chosen);
  return {
    chosen: present.filter(({ name }) => names.has(name)),
    missing: missing.map((database) => ({ database, error: missingDatabase(instance.id, database) })),
    warnings: [],
  };
}

function missingDatabase(instance: string, name: string): VyaError {
  return new VyaError('not-found', `${instance} has no database “${name}”`, {
    hint: 'Correct the name (it is case-sensitive), or take it out of the configuration.',
  });
}

function nothingToDo(instance: string): VyaError {
  return new VyaError('configuration', `${instance}: nothing is left to back up`, {
    hint: 'The server has no databases but its own, or databases and exclude_databases leave none.',
  });
}
