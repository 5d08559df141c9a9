import path from 'node:path';
import { isSea } from 'node:sea';
import { fileURLToPath } from 'node:url';
import type { Command } from './command.ts';

/** The parts of vya that run as processes of their own, as they lie below `src` and `dist`. */
export type OwnProgram = 'exec/codec-process' | 'db/mysql/load/inspect-process';

/** What the single executable is started with to be one of them (src/cli/executable.ts). */
export const ownProgramFlag = '--own-program';

/**
 * Starts one of vya's own programs. Its script is TypeScript where vya runs from its sources, JavaScript where it was built: the
 * build keeps every file that this code may end up in one folder below the root, as it is here (scripts/build.ts). The single
 * executable holds them itself.
 */
export function ownProgram(
  name: OwnProgram,
  args: readonly string[],
  env: Readonly<Record<string, string>>,
): Command {
  const file = process.execPath;
  if (isSea()) return { file, args: [ownProgramFlag, name, ...args], env };
  const here = fileURLToPath(import.meta.url);
  const script = path.join(path.dirname(here), '..', `${name}${path.extname(here)}`);
  // zstd in node:zlib is marked experimental in some versions; the warning would land among a program's last words.
  return { file, args: ['--disable-warning=ExperimentalWarning', script, ...args], env };
}
