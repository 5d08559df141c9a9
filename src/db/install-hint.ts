import { readFileSync } from 'node:fs';

/** Whose packages a system installs, as far as their names differ. */
type Packager = 'debian' | 'ubuntu' | 'redhat';

/** What client programs are missing, and what they are called by those who package them. */
export interface MissingPrograms {
  /** For systems whose packages are not known: `pg_dump, pg_restore and psql of PostgreSQL 18`. */
  programs: string;
  packages: Readonly<Record<Packager, string>>;
  /** What is said behind the command on some systems. */
  notes?: Readonly<Partial<Record<Packager, string>>>;
}

const commands: Readonly<Record<Packager, string>> = {
  debian: 'apt install',
  ubuntu: 'apt install',
  redhat: 'dnf install',
};

/**
 * The command that installs client programs here, or their names where nobody knows one.
 *
 * @param osRelease what os-release(5) holds; by default this system's
 */
export function installHint(missing: MissingPrograms, osRelease = ownRelease()): string {
  const packager = packagerOf(osRelease);
  if (packager === undefined)
    return `Install ${missing.programs}, or put the directory that holds them on PATH.`;
  const note = missing.notes?.[packager];
  return `${commands[packager]} ${missing.packages[packager]}${note === undefined ? '' : `\n${note}`}`;
}

function packagerOf(osRelease: string): Packager | undefined {
  const ids = [...osRelease.matchAll(/^ID(?:_LIKE)?=["']?([^"'\n]*)/gm)].flatMap(([, text]) =>
    text!.toLowerCase().split(' '),
  );
  if (ids.includes('ubuntu')) return 'ubuntu';
  if (ids.includes('debian')) return 'debian';
  return ids.some((id) => ['fedora', 'rhel', 'centos'].includes(id)) ? 'redhat' : undefined;
}

function ownRelease(): string {
  for (const path of ['/etc/os-release', '/usr/lib/os-release']) {
    try {
      return readFileSync(path, 'utf8');
    } catch {
      // The other place is asked, and without both nobody knows.
    }
  }
  return '';
}
