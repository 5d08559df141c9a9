import { dirname } from 'node:path';
import { VyaError } from '../errors.ts';
import { applyOverrides, readEnvironment, type Override } from './environment.ts';
import { configJsonSchema } from './json-schema.ts';
import { findConfigFile, readConfigFile, type LocateOptions } from './locate.ts';
import { formatPath, problemsOf, type Problem } from './problems.ts';
import { settle, toConfig, type Config, type SettledFile } from './resolve.ts';
import { configSchema } from './schema.ts';
import { parseYaml, type YamlFile } from './yaml-file.ts';

export interface LoadOptions extends LocateOptions {
  /** The user that vya runs as. */
  uid?: number | undefined;
  /** The machine's IANA zone, for a configuration that names none. Default: UTC. */
  timezone?: string | undefined;
}

export interface LoadedConfig {
  config: Config;
  /** The file's absolute path. */
  path: string;
  /** The same configuration in the file's own words, defaults and overrides included. */
  settled: SettledFile;
  /** The environment variables that went before the file. */
  overriddenBy: string[];
  /** Environment variables that look as if vya was meant, and are ignored. */
  warnings: string[];
}

/**
 * Finds, reads, overrides and validates the configuration. Relative paths of the file are relative to the file, those of
 * the environment to the working directory.
 *
 * @throws VyaError `configuration` that lists every problem with its place
 */
export async function loadConfig(options: LoadOptions): Promise<LoadedConfig> {
  const path = await findConfigFile(options);
  const file = parseYaml(await readConfigFile(path, options.uid));
  if ('problems' in file)
    throw asError(
      path,
      file.problems.map(({ message }) => message),
    );
  if (typeof file.content !== 'object' || Array.isArray(file.content)) {
    throw asError(path, ['the file must hold keys with values, such as `instances:`']);
  }
  const schema = configJsonSchema();
  const environment = readEnvironment(options.env, schema);
  const { content, problems } = applyOverrides(file.content, environment.overrides);
  const parsed = configSchema.safeParse(content);
  const wrong = [...problems, ...problemsOf(parsed.error?.issues ?? [], content, schema)];
  const lines = [
    ...environment.problems.map(({ name, message }) => `${name}: ${message}`),
    ...wrong.map((problem) => placed(problem, file, environment.overrides)),
  ];
  if (lines.length === 1 && hasNoInstances(content)) throw withoutInstances(path);
  if (lines.length > 0 || !parsed.success) throw asError(path, lines);
  const settled = settle(parsed.data, {
    configPath: path,
    timezone: options.timezone ?? 'UTC',
    baseOf: (at) => (overrideOf(at, environment.overrides) ? options.cwd : dirname(path)),
  });
  const overriddenBy = environment.overrides.map(({ name }) => name);
  return { config: toConfig(settled), path, settled, overriddenBy, warnings: environment.warnings };
}

/** The override that gave the value at a place: the last one set there or above. */
function overrideOf(at: readonly PropertyKey[], overrides: readonly Override[]): Override | undefined {
  return overrides.findLast(({ path }) => path.every((part, depth) => part === at[depth]));
}

/** `instances[1].port (line 12) must be …`; the environment variable in place of the line where the value comes from one. */
function placed({ path, message }: Problem, file: YamlFile, overrides: readonly Override[]): string {
  const line = file.lineOf(path);
  const origin = overrideOf(path, overrides)?.name ?? (line === undefined ? undefined : `line ${line}`);
  return `${formatPath(path)}${origin === undefined ? '' : ` (${origin})`} ${message}`.trim();
}

/** As a package leaves it. */
function hasNoInstances(content: unknown): boolean {
  const { instances = [] } = content as { instances?: unknown };
  return Array.isArray(instances) && instances.length === 0;
}

function withoutInstances(path: string): VyaError {
  return new VyaError('configuration', `The configuration ${path} names no database server yet`, {
    hint: 'Run vya init: it connects to one and adds it there. By hand, add it to `instances:`; the README shows how.',
  });
}

function asError(path: string, problems: readonly string[]): VyaError {
  const count = problems.length === 1 ? 'a problem' : `${problems.length} problems`;
  const list = problems.map((problem) => `\n  - ${problem}`).join('');
  return new VyaError('configuration', `The configuration ${path} has ${count}:${list}`, {
    hint: 'Correct this, then run: vya config validate',
  });
}
