import path from 'node:path';
import { fileURLToPath } from 'node:url';

/** The parts of vya that run as processes of their own, as they lie below `src` and `dist`. */
type OwnProgram = 'exec/codec-process' | 'db/mysql/load/inspect-process';

/**
 * The script of one of vya's own programs: TypeScript where vya runs from its sources, JavaScript where it was built. The
 * build keeps every file that this code may end up in one folder below the root, as it is here (scripts/build.ts).
 */
export function ownProgram(name: OwnProgram): string {
  const here = fileURLToPath(import.meta.url);
  return path.join(path.dirname(here), '..', `${name}${path.extname(here)}`);
}
