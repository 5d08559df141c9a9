import { VyaError } from '../errors.ts';
import type { BackupEntry } from './backup-entry.ts';

/** How many candidates a message lists. */
const mostListed = 10;

/**
 * The newest complete backup. One that holds only a part of its database is taken only by its id.
 *
 * @param backups newest first
 * @throws VyaError `not-found`
 */
export function selectLatest(backups: readonly BackupEntry[]): BackupEntry {
  const latest = backups.find(isWhole);
  if (latest) return latest;
  throw notFound('There is no complete backup of it');
}

/**
 * The newest complete backup that was begun at or before a moment.
 *
 * @param backups newest first
 * @throws VyaError `not-found`
 */
export function selectAt(backups: readonly BackupEntry[], at: Date): BackupEntry {
  const selected = backups.find((entry) => isWhole(entry) && entry.takenAt <= at);
  if (selected) return selected;
  const oldest = backups.findLast(isWhole);
  const since = oldest ? `; the oldest is ${oldest.id}` : '';
  throw notFound(`There is no complete backup from ${at.toISOString()} or before${since}`);
}

/**
 * The backup whose id ends with `tail`. Whole parts of the id come first: `shop/20260109T020000Z` means the database `shop`
 * even where there is a `myshop`.
 *
 * @throws VyaError `not-found`; `usage` naming the candidates when there are several; `verification` when it is not complete
 */
export function selectById(backups: readonly BackupEntry[], tail: string): BackupEntry {
  const wanted = tail.replace(/\/+$/, '');
  const byParts = backups.filter(({ id }) => id === wanted || id.endsWith(`/${wanted}`));
  const matches =
    byParts.length > 0 || wanted === '' ? byParts : backups.filter(({ id }) => id.endsWith(wanted));
  const [only] = matches;
  if (only === undefined)
    throw isPath(wanted)
      ? isNoId(backups, wanted)
      : notFound(`There is no backup whose id ends with “${tail}”`);
  if (matches.length > 1) throw ambiguous(tail, matches);
  if (only.complete) return only;
  throw new VyaError('verification', `The backup ${only.id} is not complete: its manifest cannot be used`, {
    hint: 'Choose another one; vya list shows them, and what is wrong with this one.',
  });
}

function isWhole({ complete, summary }: BackupEntry): boolean {
  return complete && summary?.partial !== true;
}

function ambiguous(tail: string, matches: readonly BackupEntry[]): VyaError {
  const listed = matches.slice(0, mostListed).map(({ id }) => id);
  const rest = matches.length > mostListed ? `, and ${matches.length - mostListed} more` : '';
  return new VyaError('usage', `“${tail}” fits ${matches.length} backups: ${listed.join(', ')}${rest}`, {
    hint: 'Give more of the id, up to the whole of it.',
  });
}

function isPath(text: string): boolean {
  return /^(\/|\.\.?\/|~)/.test(text);
}

/** The path of a backup, or of a file in it, in place of its id. */
function isNoId(backups: readonly BackupEntry[], path: string): VyaError {
  const meant = backups.find((each) => path === each.path || path.startsWith(`${each.path}/`));
  return new VyaError('not-found', `“${path}” is a path, and no id of a backup`, {
    hint: meant
      ? `That backup's id is ${meant.id}`
      : 'vya list shows the ids of what is in the storage; vya restore --file PATH takes a backup from anywhere.',
  });
}

function notFound(message: string): VyaError {
  return new VyaError('not-found', message, { hint: 'vya list shows what can be restored.' });
}
