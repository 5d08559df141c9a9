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
  const { env, cwd } = options;
  if (options.flagPath !== undefined) return named(resolve(cwd, options.flagPath), '--config');
  if (env['VYA_CONFIG_PATH']) return named(resolve(cwd, env['VYA_CONFIG_PATH']), 'VYA_CONFIG_PATH');
  const places = [
    resolve(cwd, 'config/config.yaml'),
    join(userDirectory(env, options.homedir), 'vya/config.yaml'),
    options.systemPath ?? '/etc/vya/config.yaml',
  ];
  for (const place of places) if (await exists(place)) return place;
  throw new VyaError('configuration', `There is no configuration file. Looked for ${places.join(', ')}`, {
    hint: 'Write one (config/config.example.yaml shows everything it can hold), or name one with --config or VYA_CONFIG_PATH.',
  });
}

/** Where a configuration that is made anew goes: where it is named, else the machine's own for root, and the user's own for others. */
export function newConfigPath(options: LocateOptions & { uid: number | undefined }): string {
  const { flagPath, env, cwd, homedir, systemPath = '/etc/vya/config.yaml' } = options;
  const namedPath = flagPath ?? env['VYA_CONFIG_PATH'];
  if (namedPath) return resolve(cwd, namedPath);
  return options.uid === 0 ? systemPath : join(userDirectory(env, homedir), 'vya/config.yaml');
}

/** The XDG base directory specification: `~/.config` when unset, and relative paths are to be ignored. */
function userDirectory(env: NodeJS.ProcessEnv, homedir: string): string {
  const directory = env['XDG_CONFIG_HOME'];
  return directory && isAbsolute(directory) ? directory : join(homedir, '.config');
}

async function named(path: string, by: string): Promise<string> {
  if (await exists(path)) return path;
  throw new VyaError('configuration', `The configuration file ${path} does not exist`, {
    hint: `It is named by ${by}. Correct the path.`,
  });
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
