import type { ClientSessions, LockWait } from '../../db/client-sessions.ts';
import { VyaError } from '../../errors.ts';
import type { Command } from '../../exec/command.ts';
import { bytesMovedByAll } from '../../exec/io-counter.ts';
import { processIdsOf } from '../../exec/process-ids.ts';
import type { OperationContext } from '../context.ts';
import type { Session } from '../session.ts';

/** Milliseconds between two looks at the programs, and between two at what they wait for in the server. */
const lookInterval = 1_000;
const askInterval = 5_000;
/** A lock that is waited for so long is worth a line, in seconds. */
const worthTelling = 10;

/** Runs parts of one dump within its limits. */
export interface DumpLimits {
  /**
   * `work` runs these commands and gets a signal that fires with the one that is given, and when a limit is exceeded. When it
   * fails, or is ended, no session of the commands is left in the server.
   *
   * @throws VyaError `failed` naming the limit, its setting, and what to look at
   */
  within<T>(
    signal: AbortSignal,
    commands: readonly Command[],
    work: (signal: AbortSignal) => Promise<T>,
  ): Promise<T>;
}

/** The limits of one database's dump: for each part of it on the waiting for a lock and on silence, and on the whole. */
export function limitDump({ adapter }: Session, database: string, context: OperationContext): DumpLimits {
  const { target } = adapter;
  const started = performance.now();
  return {
    async within(signal, commands, work) {
      const dump: Dump = {
        name: `${target.id}/${database}`,
        commands,
        sessions: adapter.clientSessions(database, commands),
        silenceMs: target.dumpLimits.silenceSeconds * 1_000,
        totalMs: target.dumpLimits.totalSeconds * 1_000,
        lockSeconds: target.lockWaitSeconds,
        started,
        lastWait: undefined,
      };
      const limit = new AbortController();
      const stop = watch(dump, context, (error) => limit.abort(error));
      try {
        return await work(AbortSignal.any([signal, limit.signal]));
      } catch (error) {
        await dump.sessions.end().catch((failure: unknown) => {
          context.log.debug({}, `the dump's sessions cannot be looked for: ${String(failure)}`);
        });
        throw explainLost(explainLockTimeout(error, dump), dump);
      } finally {
        stop();
      }
    },
  };
}

interface Dump {
  name: string;
  commands: readonly Command[];
  sessions: ClientSessions;
  /** 0: no limit. */
  silenceMs: number;
  totalMs: number;
  lockSeconds: number;
  started: number;
  lastWait: LockWait | undefined;
}

function watch(dump: Dump, context: OperationContext, exceed: (error: VyaError) => void): () => void {
  let moved: number | undefined;
  let lastMove = performance.now();
  let asked = performance.now();
  let told = false;
  const look = async (): Promise<void> => {
    const bytes = await bytesOf(dump.commands);
    const now = performance.now();
    if (bytes === undefined || bytes !== moved) lastMove = now;
    moved = bytes;
    if (dump.totalMs > 0 && now - dump.started >= dump.totalMs) return exceed(tookTooLong(dump));
    if (dump.silenceMs > 0 && now - lastMove >= dump.silenceMs) return exceed(silent(dump));
    // A dump that moves waits for nothing.
    if (now - lastMove < lookInterval || now - asked < askInterval) return;
    asked = now;
    dump.lastWait = (await dump.sessions.waits()).toSorted((a, b) => b.seconds - a.seconds)[0];
    if (!dump.lastWait) return;
    if (dump.lastWait.seconds > dump.lockSeconds) return exceed(locked(dump, dump.lastWait));
    if (!told && dump.lastWait.seconds >= worthTelling) {
      told = true;
      context.log.warning({}, `${dump.name}: the dump is blocked (${describeWait(dump.lastWait)})`);
    }
  };
  let looking = false;
  const timer = setInterval(() => {
    if (looking) return;
    looking = true;
    look()
      .catch((error: unknown) => context.log.debug({}, `cannot look at the dump: ${String(error)}`))
      .finally(() => (looking = false));
  }, lookInterval);
  return () => clearInterval(timer);
}

async function bytesOf(commands: readonly Command[]): Promise<number | undefined> {
  const moved = await Promise.all(processIdsOf(commands).map(bytesMovedByAll));
  const known = moved.filter((bytes) => bytes !== undefined);
  return known.length > 0 ? known.reduce((sum, { moved: each }) => sum + each, 0) : undefined;
}

function locked({ name, lockSeconds }: Dump, wait: LockWait): VyaError {
  return new VyaError(
    'failed',
    `${name}: the dump was ended, because it waited for a lock for more than ${lockSeconds} s (lock_wait_timeout): ${describeWait(wait)}`,
    { hint: lockHint },
  );
}

function silent({ name, silenceMs, lastWait }: Dump): VyaError {
  const why = lastWait ? ` It was blocked: ${describeWait(lastWait)}.` : '';
  return new VyaError(
    'failed',
    `${name}: the dump was ended, because it moved no byte for ${silenceMs / 1_000} s (dump_silence_timeout).${why}`,
    {
      hint: 'Look at what its session does in the server, and whether storage and network take data; raise the setting where so long a pause is normal.',
    },
  );
}

function tookTooLong({ name, totalMs }: Dump): VyaError {
  return new VyaError(
    'failed',
    `${name}: the dump was ended, because it took more than ${totalMs / 1_000} s (dump_timeout)`,
    {
      hint: 'Look at the load of server, storage and network; raise the setting where the database has grown.',
    },
  );
}

const lockHint =
  'Let its holder finish or end it, back up at a quieter time, or raise lock_wait_timeout of this instance.';

function describeWait({ seconds, reason, holder }: LockWait): string {
  return `${reason}, ${seconds} s, ${holder ? `held by ${holder}` : 'the account may not see by whom'}`;
}

/** What the programs say where the server itself ends the wait. */
const lockTimeout = /Lock wait timeout exceeded|canceling statement due to (lock|statement) timeout/;

function explainLockTimeout(error: unknown, { name, lockSeconds, lastWait }: Dump): unknown {
  if (!(error instanceof VyaError) || error.kind !== 'failed' || !lockTimeout.test(error.message))
    return error;
  const holder = lastWait?.holder ? ` It was held by ${lastWait.holder}.` : '';
  return new VyaError(
    'failed',
    `${name}: the dump waited for a lock for more than ${lockSeconds} s (lock_wait_timeout).${holder} ${error.message}`,
    { hint: lockHint, cause: error },
  );
}

/** MariaDB's dump, unlike MySQL's, cannot ask for more time than the server gives a client that takes nothing (F54). */
const lost = /\b2013\b.*Lost connection .*during query/;

function explainLost(error: unknown, { name }: Dump): unknown {
  if (!(error instanceof VyaError) || error.kind !== 'failed' || !lost.test(error.message)) return error;
  return new VyaError('failed', `${name}: the server ended the dump's session: ${error.message}`, {
    hint: "Look into the server's log. If compressor or storage took nothing for net_write_timeout (60 s by default), raise that on the server, or lower storage.compression_level.",
    cause: error,
  });
}
