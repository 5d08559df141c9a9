import type { EngineType } from '../../model/instance.ts';
import { scratchPrefix } from '../../model/scratch-names.ts';
import { isSystemDatabase } from '../../model/system-databases.ts';
import { globMatcher, isGlob } from './globs.ts';

export interface Selection {
  type: EngineType;
  /** What the server has. */
  present: readonly { name: string; connectable: boolean }[];
  /** Names or globs; empty: everything. */
  include: readonly string[];
  exclude: readonly string[];
  /** True: `include` holds exact names, whatever characters are in them. */
  literal?: boolean | undefined;
}

export interface Selected {
  /** In the server's order. */
  chosen: string[];
  /** Exact names that the server does not have. */
  missing: string[];
  /** What was asked for by name or pattern and still is not taken, with the reason. */
  warnings: string[];
}

/**
 * Which databases are taken: included names, less excluded ones, less those that allow no connections, less the server's own,
 * less vya's scratch databases. `postgres` counts as the server's own unless it is named exactly.
 */
export function selectDatabases({ type, present, include, exclude, literal = false }: Selection): Selected {
  const exact = new Set(include.filter((text) => literal || !isGlob(text)));
  const patterns = include
    .filter((text) => !exact.has(text))
    .map((text) => ({ text, matches: globMatcher(text) }));
  const excluded = exclude.map(globMatcher);
  const names = new Set(present.map(({ name }) => name));

  const refusal = (name: string, connectable: boolean): string | undefined => {
    if (excluded.some((matches) => matches(name))) return 'exclude_databases leaves it out';
    if (!connectable) return 'the server allows no connections to it';
    if (name.startsWith(scratchPrefix)) return "it is one of vya's scratch databases";
    const named = type === 'postgresql' && name === 'postgres' && exact.has(name);
    return isSystemDatabase(type, name) && !named ? "it is one of the server's own databases" : undefined;
  };
  const wanted = ({ name }: { name: string }) =>
    include.length === 0 || exact.has(name) || patterns.some(({ matches }) => matches(name));

  const taken = present.filter(
    (database) => wanted(database) && !refusal(database.name, database.connectable),
  );
  const refused = present.flatMap(({ name, connectable }) => {
    const reason = exact.has(name) ? refusal(name, connectable) : undefined;
    return reason ? [`${name} is named, but not taken: ${reason}`] : [];
  });
  const idle = patterns.filter(({ matches }) => !present.some(({ name }) => matches(name)));
  return {
    chosen: taken.map(({ name }) => name),
    missing: [...exact].filter((name) => !names.has(name)),
    warnings: [...refused, ...idle.map(({ text }) => `no database matches ${text}`)],
  };
}
