import { constants, open, stat, type FileHandle } from 'node:fs/promises';
import { dirname, isAbsolute, join, resolve } from 'node:path';
import { systemCode, VyaError } from '../errors.ts';

export interface LocateOptions {
  /** The value of `--config`. */
  flagPath?: string | undefined;
  env: NodeJS.ProcessEnv;
  cwd: string;
  homedir: string;
  /** Where the machine's own configuration is. */
  systemPath?: string | undefined;
}

/**
 * The configuration file's absolute path: `--config`, `VYA_CONFIG_PATH`, `./config/config.yaml`,
 * `$XDG_CONFIG_HOME/vya/config.yaml`, `/etc/vya/config.yaml`, in this order. One that is named must exist.
 *
 * @throws VyaError `configuration`
 */
export async function findConfigFile(options: LocateOptions): Promise<string> {
  const found = await lookForConfigFile(options);
  if (found !== undefined) return found;
  const named = namedPath(options);
  if (named) {
    throw new VyaError('configuration', `The configuration file ${named.path} does not exist`, {
      hint: `It is named by ${named.by}: correct the path, or let vya init make it.`,
    });
  }
  const places = usualPlaces(options).join(', ');
  throw new VyaError('configuration', `There is no configuration file. Looked for ${places}`, {
    hint: 'Make one: vya init. Or name one with --config PATH or VYA_CONFIG_PATH.',
  });
}

/** The same, undefined where there is none. Throws VyaError `configuration` where it cannot be known. */
export async function lookForConfigFile(options: LocateOptions): Promise<string | undefined> {
  const named = namedPath(options);
  for (const place of named ? [named.path] : usualPlaces(options)) if (await exists(place)) return place;
  return undefined;
}

function namedPath({ flagPath, env, cwd }: LocateOptions): { path: string; by: string } | undefined {
  if (flagPath !== undefined) return { path: resolve(cwd, flagPath), by: '--config' };
  const path = env['VYA_CONFIG_PATH'];
  return path ? { path: resolve(cwd, path), by: 'VYA_CONFIG_PATH' } : undefined;
}

function usualPlaces({ env, cwd, homedir, systemPath }: LocateOptions): string[] {
  return [
    resolve(cwd, 'config/config.yaml'),
    join(userDirectory(env, homedir), 'vya/config.yaml'),
    systemPath ?? '/etc/vya/config.yaml',
  ];
}

/** Where a configuration that is made anew goes: where it is named, else the machine's own for root, and the user's own for others. */
export function newConfigPath(options: LocateOptions & { uid: number | undefined }): string {
  const { env, homedir, systemPath = '/etc/vya/config.yaml' } = options;
  const named = namedPath(options);
  if (named) return named.path;
  return options.uid === 0 ? systemPath : join(userDirectory(env, homedir), 'vya/config.yaml');
}

/** The XDG base directory specification: `~/.config` when unset, and relative paths are to be ignored. */
function userDirectory(env: NodeJS.ProcessEnv, homedir: string): string {
  const directory = env['XDG_CONFIG_HOME'];
  return directory && isAbsolute(directory) ? directory : join(homedir, '.config');
}

async function exists(path: string): Promise<boolean> {
  try {
    await stat(path);
    return true;
  } catch (error) {
    if (['ENOENT', 'ENOTDIR'].includes(systemCode(error) ?? '')) return false;
    throw unreadable(path, error);
  }
}

/**
 * The file's text. Root obeys no file that somebody else could have written: the configuration names programs' inputs
 * and the places that are written to and deleted from.
 *
 * @throws VyaError `configuration` when it cannot be read, is not UTF-8, or is not safe to obey
 */
export async function readConfigFile(path: string, uid: number | undefined): Promise<string> {
  let file: FileHandle | undefined;
  try {
    file = await open(path, constants.O_RDONLY);
    if (uid === 0) await refuseWritableByOthers(path, (await file.stat()).mode);
    return new TextDecoder('utf-8', { fatal: true }).decode(await file.readFile());
  } catch (error) {
    if (error instanceof VyaError) throw error;
    if (error instanceof TypeError) {
      throw new VyaError('configuration', `The configuration file ${path} is not UTF-8 text`, {
        hint: 'Save it as UTF-8.',
        cause: error,
      });
    }
    throw unreadable(path, error);
  } finally {
    await file?.close();
  }
}

async function refuseWritableByOthers(path: string, mode: number): Promise<void> {
  const refuse = (what: string, hint: string) => {
    throw new VyaError(
      'configuration',
      `${what} is writable by others than its owner, and vya runs as root`,
      { hint },
    );
  };
  if (mode & 0o022) refuse(`The configuration file ${path}`, `chmod go-w ${path}`);
  const directory = dirname(path);
  const directoryMode = (await stat(directory)).mode;
  const sticky = (directoryMode & 0o1000) !== 0;
  if (directoryMode & 0o002 && !sticky)
    refuse(`The configuration's directory ${directory}`, `chmod o-w ${directory}`);
}

function unreadable(path: string, cause: unknown): VyaError {
  const code = systemCode(cause);
  const reason =
    code === 'EACCES' ? 'not readable for this user' : code === 'EISDIR' ? 'a directory' : String(code);
  return new VyaError('configuration', `The configuration file ${path} cannot be read: it is ${reason}`, {
    hint: 'Name a file that this user may read, or correct its permissions.',
    cause,
  });
}
