import { VyaError } from '../errors.ts';
import { nearest } from '../model/nearest.ts';

/** What was looked for; `database` null: the accounts of an instance. */
export interface Wanted {
  instance?: string | undefined;
  database?: string | null | undefined;
}

/** How many names a hint lists. */
const mostNamed = 10;

/**
 * That the storage holds no backup of what was named: VyaError `not-found` with the nearest name that it does hold, or those there are.
 *
 * @throws VyaError `storage`
 */
export async function nothingStored(basePath: string, wanted: Wanted): Promise<VyaError> {
  const { findPlaces } = await import('../storage/catalogue.ts');
  const places = await findPlaces(basePath);
  return new VyaError('not-found', `There is no backup ${describe(wanted)}in ${basePath}`, {
    hint: hintFor(wanted, places),
  });
}

function describe({ instance, database }: Wanted): string {
  if (database === null) return instance === undefined ? 'of accounts ' : `of the accounts of ${instance} `;
  if (database === undefined) return instance === undefined ? '' : `of ${instance} `;
  return instance === undefined ? `of a database “${database}” ` : `of ${instance}/${database} `;
}

function hintFor(
  { instance, database }: Wanted,
  places: readonly { instance: string; database: string | null }[],
): string {
  if (places.length === 0) return 'There is none at all yet: vya backup makes one.';
  const instances = [...new Set(places.map((place) => place.instance))];
  if (instance !== undefined && !instances.includes(instance))
    return suggest(instance, instances, '--instance');
  if (typeof database !== 'string') return 'vya list shows what there is.';
  const here = places.filter((place) => instance === undefined || place.instance === instance);
  const names = [...new Set(here.flatMap((place) => place.database ?? []))];
  return names.length === 0 ? 'vya list shows what there is.' : suggest(database, names, '--database');
}

function suggest(name: string, names: readonly string[], option: string): string {
  const near = nearest(name, names);
  if (near !== undefined) return `Did you mean ${option} ${near}? vya list shows what there is.`;
  const rest = names.length > mostNamed ? `, and ${names.length - mostNamed} more` : '';
  return `There are backups of: ${names.slice(0, mostNamed).join(', ')}${rest}.`;
}
