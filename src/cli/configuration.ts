import { homedir } from 'node:os';
import type { CommandUnknownOpts } from '@commander-js/extra-typings';
import type { LoadedConfig } from '../config/load.ts';
import type { CliContext, GlobalOptions } from './context.ts';

/** The configuration that `--config`, the environment and the usual places lead to. Throws VyaError `configuration`. */
export async function loadConfiguration(
  context: CliContext,
  command: CommandUnknownOpts,
): Promise<LoadedConfig> {
  const { loadConfig } = await import('../config/load.ts');
  const globals = command.optsWithGlobals() as unknown as GlobalOptions;
  return await loadConfig({
    flagPath: globals.config,
    env: context.env,
    cwd: context.cwd,
    homedir: homedir(),
    uid: process.getuid?.(),
    timezone: Intl.DateTimeFormat().resolvedOptions().timeZone,
  });
}
