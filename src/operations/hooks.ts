import { asVyaError, VyaError } from '../errors.ts';
import { capture } from '../exec/capture.ts';
import type { OperationContext } from './context.ts';

/** Programs that run around backups, as argument lists. */
export interface Hooks {
  beforeRun: readonly (readonly string[])[];
  beforeDatabase: readonly (readonly string[])[];
  afterDatabase: readonly (readonly string[])[];
  onSuccess: readonly (readonly string[])[];
  onFailure: readonly (readonly string[])[];
  afterRun: readonly (readonly string[])[];
  timeoutMs: number;
}

/** What such a program is told, beside PATH, HOME and LANG, as variables of its environment: nothing else of vya's. */
export interface HookFacts {
  event: 'before_run' | 'before_database' | 'after_database' | 'on_success' | 'on_failure' | 'after_run';
  run: string;
  instance?: string | undefined;
  database?: string | undefined;
  /** `ok`, `partial` or `failed`, once it is known. */
  result?: string | undefined;
  /** The directory of the backup that was made. */
  path?: string | undefined;
  message?: string | undefined;
}

/**
 * Runs programs one after the other.
 *
 * @throws VyaError `failed` for the first that fails or takes too long; then the others do not run
 */
export async function runHooks(
  commands: readonly (readonly string[])[],
  facts: HookFacts,
  timeoutMs: number,
  { env, signal }: Pick<OperationContext, 'env' | 'signal'>,
): Promise<void> {
  for (const [file, ...args] of commands) {
    if (file === undefined) continue;
    try {
      await capture({ file, args, env: environmentOf(facts, env) }, { signal, timeoutMs });
    } catch (error) {
      signal.throwIfAborted();
      const { message, hint } = asVyaError(error);
      throw new VyaError('failed', `The ${facts.event} hook failed: ${message}`, {
        hint: hint ?? 'Run it by hand, mend it, or take it out of the hooks section of the configuration.',
        cause: error,
      });
    }
  }
}

/** The same for hooks that come when all is done: a failure is returned, and changes nothing. */
export async function tryHooks(...hooks: Parameters<typeof runHooks>): Promise<string[]> {
  try {
    await runHooks(...hooks);
    return [];
  } catch (error) {
    return [asVyaError(error).message];
  }
}

function environmentOf(facts: HookFacts, env: NodeJS.ProcessEnv): Record<string, string> {
  const told: Record<string, string | undefined> = {
    PATH: env['PATH'] ?? '/usr/local/bin:/usr/bin:/bin',
    HOME: env['HOME'],
    LANG: env['LANG'],
    VYA_EVENT: facts.event,
    VYA_RUN: facts.run,
    VYA_INSTANCE: facts.instance,
    VYA_DATABASE: facts.database,
    VYA_RESULT: facts.result,
    VYA_BACKUP_PATH: facts.path,
    VYA_MESSAGE: facts.message,
  };
  return Object.fromEntries(
    Object.entries(told).flatMap(([name, value]) =>
      // A zero byte ends a variable; names of databases hold none, messages of programs may.
      value === undefined ? [] : [[name, value.replaceAll('\0', '')]],
    ),
  );
}
