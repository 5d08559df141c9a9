import { readFileSync, type Stats, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { shellWord } from '../model/shell-word.ts';

/**
 * Whose the place is at which a system call was refused, where it is not the one's who runs vya: one `sudo vya` leaves a tree that
 * belongs to root. Undefined where the owner is not the reason.
 */
export function ownerHint({ path }: NodeJS.ErrnoException): string | undefined {
  const own = process.getuid?.();
  const found = path === undefined ? undefined : nearestThere(path);
  if (own === undefined || !found || found.stats.uid === own) return undefined;
  const [owner, user] = [nameOf(found.stats.uid), nameOf(own)];
  return `${found.path} belongs to ${owner}, and vya runs as ${user}. Run it as ${owner}, or let an administrator run: chown -R ${user}: ${shellWord(found.path)} (and what else of the storage is ${owner}'s)`;
}

/** The path, or the directory above it that can be looked at. */
function nearestThere(path: string): { path: string; stats: Stats } | undefined {
  for (let place = path; ; place = dirname(place)) {
    try {
      return { path: place, stats: statSync(place) };
    } catch {
      if (place === dirname(place)) return undefined;
    }
  }
}

/** A user's name as /etc/passwd has it; others are known elsewhere, and have a number here. */
function nameOf(uid: number): string {
  try {
    const lines = readFileSync('/etc/passwd', 'utf8').split('\n');
    const entry = lines.map((line) => line.split(':')).find(([, , id]) => id === String(uid));
    return entry?.[0] ?? String(uid);
  } catch {
    return String(uid);
  }
}
