import type { DumpPart, StoredPart } from '../../db/adapter.ts';
import { NoSharedMoment } from '../../db/snapshot.ts';
import type { SourcePosition } from '../../db/source-position.ts';
import { VyaError } from '../../errors.ts';
import type { Command } from '../../exec/command.ts';
import type { MovedBytes } from '../../exec/io-counter.ts';
import { runPipeline } from '../../exec/pipeline.ts';
import type { Inventory } from '../../model/inventory.ts';
import type { StagedBackup } from '../../storage/artifact.ts';
import { compressor } from '../../storage/codecs.ts';
import { readPart } from '../archive.ts';
import { compareInventories, summarize } from '../restore/compare.ts';
import { withMeasures } from '../restore/compare-contents.ts';
import type { OperationContext } from '../context.ts';
import { progressMeter } from '../progress-meter.ts';
import { dumpTables } from './dump-tables.ts';
import { limitDump } from './dump-limits.ts';
import type { StorageJob } from '../jobs.ts';
import type { Session } from '../session.ts';
import { asStorageFault } from './storage-fault.ts';

/** Dumps up to this size, in stored bytes, are read once more at once: it costs nothing that anyone would notice. */
const readBackLimit = 16 * 1024 * 1024;

/**
 * pg_dump goes back in a file that lets it, to write its table of contents once more. Here that would be appended, behind the
 * archive's end, where a cut goes unnoticed; in a pipe it does not try.
 */
const throughPipe: Command = { file: 'cat', args: [], env: { PATH: '/usr/bin:/bin' } };

/** How often a dump is begun that somebody's lock or DDL thwarts. */
const attempts = 3;

export interface DumpRequest {
  database: string;
  inventory: Inventory;
  jobs: number;
  storage: StorageJob;
  /** Count and digest all tables in the moment that is dumped. */
  exact: boolean;
  mayLockTables: boolean;
}

export interface DumpResult {
  parts: StoredPart[];
  options: readonly string[];
  oldestClient: string;
  /** With exact counts and digests where they were asked for. */
  inventory: Inventory;
  /** Of the snapshot, where there was one. */
  positions?: readonly SourcePosition[];
  /** What changed in the database while it was dumped; empty: nothing did. */
  changes: string[];
}

/**
 * Dumps one database into a staged backup. It returns only when every program has ended with 0 and nothing is empty.
 *
 * @throws VyaError `failed` naming the program and what it said
 */
export async function dumpDatabase(
  session: Session,
  request: DumpRequest,
  staged: StagedBackup,
  context: OperationContext,
  /** Called when all programs have ended: what is left to do needs little of the server and none of them. */
  ended: () => void,
): Promise<DumpResult> {
  const { adapter } = session;
  const fields = { instance: adapter.target.id, database: request.database };
  let { jobs } = request;
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await dumpOnce(session, { ...request, jobs }, staged, context, ended);
    } catch (error) {
      context.signal.throwIfAborted();
      if (jobs > 1 && !request.exact && error instanceof NoSharedMoment) {
        // Several streams are a gift, not a condition.
        context.log.info(
          fields,
          `dumped in one stream, not in several: ${error.message}. ${error.hint ?? ''}`,
        );
      } else {
        if (attempt === attempts || !(error instanceof Error) || !adapter.mayRetry(error)) throw error;
        context.log.warning(fields, `begins anew: ${error.message}`);
      }
      // One job alone waits for locks, where several give up.
      jobs = 1;
      await staged.restart();
    }
  }
}

async function dumpOnce(
  session: Session,
  request: DumpRequest,
  staged: StagedBackup,
  context: OperationContext,
  ended: () => void,
): Promise<DumpResult> {
  const { adapter } = session;
  const { database, inventory, storage, exact, mayLockTables } = request;
  const streams = await adapter.planStreams(database, inventory, request.jobs);
  const snapshot =
    exact || streams
      ? await adapter.openSnapshot(database, inventory, {
          measured: exact,
          mayLockTables: exact || mayLockTables,
        })
      : undefined;
  const task = context.progress.begin(`${adapter.target.id}/${database}`);
  const counter = progressMeter(task);
  const dumped: DumpedPart[] = [];
  try {
    const plan = adapter.dumpPlan({
      ...request,
      streams,
      programs: session.programs,
      compression: storage.compression,
      snapshot,
      directoryFor: (suffix) => staged.pathFor(suffix),
    });
    const limits = limitDump(session, database, context);
    const dump = async (part: DumpPart, signal: AbortSignal): Promise<DumpedPart> => {
      const dumping = limits.within(signal, part.commands, (limited) =>
        dumpPart(part, staged, storage, { ...context, signal: limited }, counter),
      );
      const made = await dumping.catch((error: unknown) => Promise.reject(asStorageFault(error)));
      dumped.push(made);
      return made;
    };
    const withRows = plan.parts.filter(holdsRows);
    const { stored, measures } = await dumpTables(
      { parts: withRows, dump, snapshot, measured: exact },
      context.signal,
    );
    await snapshot?.close();
    const made = new Map(withRows.map((part, index) => [part, stored[index]]));
    const all: DumpedPart[] = [];
    for (const part of plan.parts) all.push(made.get(part) ?? (await dump(part, context.signal)));
    ended();
    const parts = await Promise.all(all.map(({ onDisk }) => onDisk));
    await streams?.assertUnchanged();
    for (const part of parts) await readBack(session, part, staged, context);
    const changes = compareInventories(inventory, await adapter.inventory(database));
    return {
      ...plan,
      parts,
      changes,
      inventory: measures ? withMeasures(inventory, measures) : inventory,
      ...(snapshot ? { positions: snapshot.positions } : {}),
    };
  } finally {
    task.done();
    await snapshot?.close();
    // Whoever takes the parts back must not meet their writers.
    await Promise.allSettled(dumped.map(({ onDisk }) => onDisk));
  }
}

/** A part whose programs have ended with success. */
interface DumpedPart {
  /** It is brought to the disk while the next one is dumped. */
  onDisk: Promise<StoredPart>;
}

const rowContents = new Set(['tables', 'rows', 'everything']);

/** Parts that read from the snapshot. What else there is is read later: definitions, so that a sequence is ahead of its rows. */
function holdsRows({ holds }: DumpPart): boolean {
  return holds.some((content) => rowContents.has(content));
}

async function dumpPart(
  part: DumpPart,
  staged: StagedBackup,
  storage: StorageJob,
  context: OperationContext,
  counter: () => (bytes: number) => void,
): Promise<DumpedPart> {
  const { signal, env } = context;
  const stored = { format: part.format, holds: part.holds };
  if (part.format === 'pg-directory') {
    const following = staged.followDirectory(part.suffix);
    try {
      await runPipeline(part.commands, { signal, output: 'drop', onBytes: bytesOf(counter()) });
    } catch (error) {
      await following.stop();
      throw error;
    }
    return settling(staged.adoptDirectory(part.suffix, { following }), stored);
  }
  const codec = await compressor(storage.compression, env);
  const file = await staged.createFile(part.suffix + codec.suffix);
  for (const command of part.commands) {
    const last = codec.command ?? (part.format === 'pg-custom' ? throughPipe : undefined);
    const pipe = last ? [command, last] : [command];
    await runPipeline(pipe, { signal, output: { appendTo: file.path }, onBytes: bytesOf(counter()) });
  }
  return settling(
    file.finish().then(() => file.path),
    stored,
  );
}

function settling(path: Promise<string>, stored: Omit<StoredPart, 'path'>): DumpedPart {
  const onDisk = path.then((absolute) => ({ ...stored, path: absolute }));
  // Awaited when the other parts are dumped, too.
  onDisk.catch(() => {});
  return { onDisk };
}

function bytesOf(count: (bytes: number) => void): (bytes: MovedBytes) => void {
  return ({ moved }) => count(moved);
}

/** Small dumps are proven whole at once; larger ones by verify, and before a restored database takes its name. */
async function readBack(
  session: Session,
  part: StoredPart,
  staged: StagedBackup,
  context: OperationContext,
): Promise<void> {
  if ((await staged.sizeOf(part.path)) > readBackLimit) return;
  const { signal, env } = context;
  await readPart(session.engine, part, { signal, env, programs: session.programs }).catch(
    (error: unknown) => {
      if (!(error instanceof VyaError) || error.kind !== 'verification') throw error;
      throw new VyaError(
        'failed',
        `The dump is not whole, although its program ended with 0: ${error.message}`,
        {
          hint: 'No backup was made of it. Look into the log of the server and run again.',
          cause: error,
        },
      );
    },
  );
}

/** The warning that a manifest and a report carry when tables came or went during the dump. */
export function describeChanges(changes: readonly string[]): string | undefined {
  if (changes.length === 0) return undefined;
  return `The database's objects changed while it was dumped (compared with its inventory before: ${summarize(changes)})`;
}
