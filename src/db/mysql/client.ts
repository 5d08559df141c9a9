import type { Command } from '../../exec/command.ts';
import type { InstanceTarget } from '../../model/instance.ts';
import type { ClientProgram, ClientPrograms } from '../client-program.ts';
import { type Option, optionFile } from './option-file.ts';
import { identitySql } from './server.ts';
import type { ServerInfo } from '../adapter.ts';

/** What a client program needs to reach the server that the metadata session reached. */
export interface ClientContext {
  target: InstanceTarget;
  server: ServerInfo;
}

/** Without HOME, no `~/.my.cnf` and no `~/.mylogin.cnf` is found. */
const ENVIRONMENT = { LC_ALL: 'C.UTF-8', PATH: '/usr/bin:/bin' };

/** A command that runs `program` against the context's server; the password travels in a private option file. */
export function clientCommand(
  { target, server }: ClientContext,
  program: ClientProgram,
  args: readonly string[],
  dumpOptions: readonly Option[] = [],
): Command {
  return {
    file: program.path,
    args,
    env: ENVIRONMENT,
    secretFile: {
      content: optionFile(target, server.encrypted, program, dumpOptions),
      as: { argument: '--defaults-file=' },
    },
  };
}

/** Prints which server the client programs reach, as `server.identity` words it. */
export function identityCommand(context: ClientContext, programs: ClientPrograms): Command {
  const seconds = Math.max(1, Math.round(context.target.connectTimeoutMs / 1000));
  return clientCommand(context, programs.query, [
    '--batch',
    '--skip-column-names',
    `--connect-timeout=${seconds}`,
    `--execute=${identitySql(context.server)}`,
  ]);
}

/** Those of `options` that the program knows by its `--help`. */
export function knownOptions(program: ClientProgram, options: readonly string[]): string[] {
  return options.filter((option) => {
    const name = option.replace(/^--(skip-)?/, '').replace(/=.*$/s, '');
    return program.options.has(name);
  });
}
