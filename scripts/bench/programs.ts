import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';

/** “not installed”, where a program is not on PATH. */
export function missing(env: NodeJS.ProcessEnv, ...names: string[]): string | undefined {
  const lacking = names.filter((name) => !isOnPath(env, name));
  return lacking.length === 0 ? undefined : `${lacking.join(', ')} not installed`;
}

function isOnPath(env: NodeJS.ProcessEnv, name: string): boolean {
  return (env['PATH'] ?? '').split(delimiter).some((folder) => {
    try {
      accessSync(join(folder, name), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}
