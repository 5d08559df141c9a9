import { setTimeout as sleep } from 'node:timers/promises';
import { isChangedMeanwhile, isPassing } from '../db/passing-trouble.ts';
import { asVyaError, VyaError } from '../errors.ts';
import type { InstanceTarget } from '../model/instance.ts';
import type { OperationContext } from './context.ts';

/** The longest pause before another try, in seconds. */
const longestPause = 30;

/**
 * Does what connects first, and does it again after 1, 2, 4, … seconds when the server could not be reached for a reason that
 * passes, as often as the instance's `connect_retries` say. `work` must not have begun anything when it fails so.
 */
export async function retryConnecting<T>(
  target: InstanceTarget,
  context: OperationContext,
  work: () => Promise<T>,
): Promise<T> {
  for (let tries = 1; ; tries += 1) {
    try {
      return await work();
    } catch (error) {
      context.signal.throwIfAborted();
      const failure = asVyaError(error);
      if (tries > target.connectRetries || !isPassing(failure)) throw error;
      await pause(Math.min(longestPause, 2 ** (tries - 1)), tries, failure, target, context);
    }
  }
}

async function pause(
  seconds: number,
  tries: number,
  failure: VyaError,
  target: InstanceTarget,
  context: OperationContext,
): Promise<void> {
  const [reason] = failure.message.split('\n');
  const of = `${tries} of ${target.connectRetries}`;
  context.progress.note(`${reason}; trying again in ${seconds} s (${of})`, { instance: target.id });
  await sleep(seconds * 1_000, undefined, { signal: context.signal }).catch(() =>
    context.signal.throwIfAborted(),
  );
}

/**
 * Dumps a database, and once more from the start when a table was changed or dropped meanwhile (F5), or as `retryConnecting` when the
 * dump program did not get in.
 *
 * @param dump what it has begun is gone when it fails
 * @throws VyaError what the last try failed with
 */
export async function dumpAgain(
  { target, database }: { target: InstanceTarget; database: string },
  context: OperationContext,
  dump: () => Promise<void>,
): Promise<void> {
  try {
    await retryConnecting(target, context, dump);
  } catch (error) {
    context.signal.throwIfAborted();
    if (!isChangedMeanwhile(asVyaError(error))) throw error;
    context.progress.note(
      `A table of ${database} was changed or dropped while it was dumped: dumping it once more`,
      {
        instance: target.id,
        database,
      },
    );
    await retryConnecting(target, context, dump).catch((second: unknown) => {
      context.signal.throwIfAborted();
      const failure = asVyaError(second);
      throw isChangedMeanwhile(failure) ? changedTwice(database, failure) : failure;
    });
  }
}

function changedTwice(database: string, cause: VyaError): VyaError {
  return new VyaError(
    'failed',
    `Tables of ${database} were changed or dropped during the dump, and again during a second one: ${cause.message}`,
    { hint: 'Back up when no ALTER, TRUNCATE, DROP or the like runs on this database.', cause },
  );
}
