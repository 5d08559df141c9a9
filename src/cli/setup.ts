import { hostname } from 'node:os';
import { resolve } from 'node:path';
import type { CommandUnknownOpts } from '@commander-js/extra-typings';
import type { Config, InstanceConfig } from '../config/resolve.ts';
import { VyaError } from '../errors.ts';
import type { LogLevel } from '../log.ts';
import { nearest } from '../model/nearest.ts';
import type { OperationContext } from '../operations/context.ts';
import type { InstanceJob } from '../operations/jobs.ts';
import { createAudit } from './audit.ts';
import { loadConfiguration } from './configuration.ts';
import type { CliContext, GlobalOptions } from './context.ts';
import { createProgress } from './output/progress.ts';
import { becomeUser } from './run-as.ts';
import { packageVersion } from './version.ts';

/** What every command that works on instances or storage needs: the configuration and what follows from it. */
export interface Setup {
  config: Config;
  configPath: string;
  operation: OperationContext;
  version: string;
  /** Says what no report will, however quiet the run: nothing failed for it, and all the same it must not stay so. */
  complain(message: string): void;
  /** The configured instances with these ids, in the configuration's order; no ids: all. Throws VyaError `usage`. */
  instances(ids: readonly string[]): InstanceJob[];
  /** `credential`: log in with this stored credential instead of the instance's own login. */
  instance(id: string, credential?: string): InstanceJob;
}

/**
 * Started by root, vya goes on as the user whom the configuration names (`security.run_as`), unless it is to stay root.
 *
 * @throws VyaError `configuration` with every problem of the configuration
 */
export async function openSetup(
  context: CliContext,
  command: CommandUnknownOpts,
  { staysRoot = false }: { staysRoot?: boolean } = {},
): Promise<Setup> {
  const globals = command.optsWithGlobals() as unknown as GlobalOptions;
  const { createLog } = await import('../log.ts');
  const { instanceJob } = await import('./jobs.ts');
  const { config: loaded, path, warnings } = await loadConfiguration(context, command);
  if (!staysRoot) becomeUser(loaded.security.runAs, context.env);
  const config = withStorage(loaded, (command.opts() as { from?: string }).from, context.cwd);
  const level = logLevel(context, config, globals);
  const log = createLog({ ...config.logging, level });
  for (const warning of warnings) log.warning({}, warning);
  const { env, signal, now } = context;
  const version = packageVersion();
  const { basePath } = config.storage;
  const audit = createAudit(context, {
    basePath,
    hostname: hostname(),
    version,
    complain: (message) => log.warning({}, message),
  });
  const job = (instance: InstanceConfig): InstanceJob =>
    instanceJob(instance, config, { env, hostname: hostname() });
  const progress = createProgress(context.stderr, log, {
    quiet: globals.quiet ?? false,
    dumb: env['TERM'] === 'dumb',
  });
  // What comes next, a report or an error, begins on a line of its own.
  context.atEnd(async () => progress.clear());
  let noted = false;
  const setup: Setup = {
    config,
    configPath: path,
    complain(message) {
      log.error({}, message);
      if (level === 'CRITICAL' || config.logging.output !== 'console')
        context.stderr.write(`vya: ${message}\n`);
    },
    operation: {
      env,
      signal,
      now,
      log,
      progress,
      async audit(event) {
        // Whatever is worth noting changes what monitoring has to know.
        if (!noted) context.atEnd(async () => await (await import('./textfile.ts')).writeTextfile(setup));
        noted = true;
        await audit(event);
      },
    },
    version,
    instances: (ids) => chosen(config, ids).map(job),
    instance: (id, credential) => {
      const [instance] = chosen(config, [id]) as [InstanceConfig];
      return job(credential === undefined ? instance : { ...instance, user: undefined, credential });
    },
  };
  return setup;
}

/** `--from` names another storage tree, relative to where vya was started. */
function withStorage(config: Config, from: string | undefined, cwd: string): Config {
  if (from === undefined) return config;
  return { ...config, storage: { ...config.storage, basePath: resolve(cwd, from) } };
}

/**
 * On a terminal, progress and the report at the end tell everything: log lines between them would say it twice. A log of its own is for
 * looking things up later, however quiet the run was to be.
 */
function logLevel({ stdout, stderr }: CliContext, { logging }: Config, globals: GlobalOptions): LogLevel {
  if (globals.verbose) return 'DEBUG';
  if (logging.output !== 'console') return logging.level;
  if (stdout.isTTY && stderr.isTTY && globals.format === 'text') return 'CRITICAL';
  return globals.quiet ? 'ERROR' : logging.level;
}

function chosen({ instances }: Config, ids: readonly string[]): InstanceConfig[] {
  const known = instances.map(({ id }) => id);
  const unknown = ids.filter((id) => !known.includes(id));
  if (unknown.length > 0) {
    const near = nearest(unknown[0] ?? '', known);
    throw new VyaError('usage', `No instance is called ${unknown.join(' or ')}`, {
      hint:
        near === undefined
          ? `The configuration has: ${known.join(', ')}.`
          : `Did you mean ${near}? The configuration has: ${known.join(', ')}.`,
    });
  }
  return ids.length === 0 ? instances : instances.filter(({ id }) => ids.includes(id));
}
