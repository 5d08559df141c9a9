import type { StoredPart } from '../../db/adapter.ts';
import type { LoadStep } from '../../db/load-step.ts';
import { verdicts } from '../../db/archive-check.ts';
import type { Command } from '../../exec/command.ts';
import type { MovedBytes } from '../../exec/io-counter.ts';
import { type PipelineOptions, runPipeline } from '../../exec/pipeline.ts';
import { ProgramFailure } from '../../exec/program-failure.ts';
import { notWhole, refused, tooLarge } from '../archive.ts';
import type { OperationContext } from '../context.ts';
import type { Session } from '../session.ts';
import { retryConnecting } from '../try-again.ts';
import type { LoadRequest } from './load.ts';
import { loadUnpacked } from './load-unpacked.ts';

/**
 * Loads one part into a database.
 *
 * @param decompress undefined for parts that are not compressed
 * @throws VyaError `failed` with what the client program said; `verification` when the part is at fault
 */
export async function loadPart(
  session: Session,
  part: StoredPart,
  decompress: Command | undefined,
  request: LoadRequest,
  context: OperationContext,
): Promise<void> {
  const { adapter, programs } = session;
  const options = { ...request.options, programs, disableEvents: request.disableEvents };
  const step = adapter.loadStep(part, request.database, options);
  const largest = options.inspect?.largest ?? Number.POSITIVE_INFINITY;
  const limit = new AbortController();
  const onBytes = (bytes: MovedBytes): void => {
    request.onBytes?.(part, bytes.read);
    if (bytes.moved > largest) limit.abort(tooLarge(part, largest));
  };
  const signal = AbortSignal.any([context.signal, limit.signal]);
  const load = () => runStep(part, step, decompress, { signal, output: 'drop', onBytes });
  // Of several jobs one may have been turned away after others have begun.
  const whole = part.format === 'pg-directory' && options.jobs > 1 && !step.reader;
  await withSessionsEnded(session, request.database, step.command, async () => {
    if (step.fromFile) {
      const unpacked = {
        command: step.fromFile,
        expectedBytes: request.inventory.database.sizeBytes,
        onProgress: (bytes: number) => request.onBytes?.(part, bytes),
      };
      if (await loadUnpacked(part, decompress, unpacked, { ...context, signal })) return;
    }
    await (whole ? load() : retryConnecting(adapter.target, context, load));
  }).catch((error: unknown) => {
    signal.throwIfAborted();
    throw explained(error, part, step, decompress, largest);
  });
}

/** Gives a few statements to a client program. Throws VyaError `failed`. */
export async function loadText(
  session: Session,
  database: string,
  command: Command,
  text: Buffer,
  context: OperationContext,
): Promise<void> {
  const { signal } = context;
  await withSessionsEnded(session, database, command, () =>
    retryConnecting(session.adapter.target, context, async () => {
      await runPipeline([command], { signal, input: text, output: 'drop' });
    }),
  );
}

async function withSessionsEnded(
  { adapter }: Session,
  database: string,
  command: Command,
  work: () => Promise<void>,
): Promise<void> {
  try {
    await work();
  } catch (error) {
    // A server that is gone has no sessions either.
    await adapter
      .clientSessions(database, [command])
      .end()
      .catch(() => {});
    throw error;
  }
}

async function runStep(
  part: StoredPart,
  step: LoadStep,
  decompress: Command | undefined,
  how: Omit<PipelineOptions, 'input'>,
): Promise<void> {
  if (step.rewrite) {
    const content = await readSmallPart(part, decompress, how.signal);
    await runPipeline([step.command], { ...how, input: step.rewrite(content), onBytes: undefined });
  } else {
    const file = part.format === 'pg-directory' ? undefined : part.path;
    const commands = [file ? decompress : undefined, step.inspector, step.reader, step.filter, step.command];
    await runPipeline(
      commands.filter((command) => command !== undefined),
      { ...how, input: file },
    );
  }
}

/** Where the part is at fault and no program: the inspector ended the load, or what is in the file does not decompress. */
function explained(
  error: unknown,
  part: StoredPart,
  { inspector }: LoadStep,
  decompress: Command | undefined,
  largest: number,
): unknown {
  if (!(error instanceof ProgramFailure)) return error;
  if (error.command === decompress) return notWhole(part, error.message, error);
  if (error.command !== inspector) return error;
  const { code, stderr } = error.ended;
  if (code === verdicts.refused) return refused(part, stderr);
  if (code === verdicts.tooLarge) return tooLarge(part, largest);
  if (code === verdicts.notWhole) return notWhole(part, `it ${stderr}`, error);
  return error;
}

/** A part that has to be changed on its way in: `output: 'keep'` bounds its size. */
export async function readSmallPart(
  part: StoredPart,
  decompress: Command | undefined,
  signal: AbortSignal,
): Promise<Buffer> {
  const reader = decompress ?? { file: 'cat', args: [], env: { PATH: '/usr/bin:/bin' } };
  return await runPipeline([reader], { signal, input: part.path, output: 'keep' });
}
