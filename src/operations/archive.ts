import type { ArchiveCheck, ClientPrograms, Engine, StoredPart } from '../db/adapter.ts';
import { asVyaError, VyaError } from '../errors.ts';
import type { Command } from '../exec/command.ts';
import { runPipeline } from '../exec/pipeline.ts';

/** Bytes at the end of a dump in which its end marker must stand. */
const tailBytes = 1_024;

export interface ReadOptions {
  signal: AbortSignal;
  /** Makes the program that turns the stored file into the dump; undefined for files that are not compressed. */
  decompressor: Command | undefined;
  programs: ClientPrograms | undefined;
  onBytes?: (bytes: number) => void;
}

/**
 * Reads one part of a backup to its end, as a restore would: every byte is decompressed, an SQL dump must end with its
 * marker, a PostgreSQL archive is read by pg_restore.
 *
 * @throws VyaError `verification` when the part is not whole
 */
export async function readPart(engine: Engine, part: StoredPart, options: ReadOptions): Promise<void> {
  const check = engine.archiveCheck(part, options.programs);
  try {
    await runCheck(part, check, options);
  } catch (error) {
    options.signal.throwIfAborted();
    const { kind, message } = asVyaError(error);
    if (kind === 'unexpected') throw error;
    throw new VyaError('verification', `${part.path} cannot be read to its end: ${message}`, {
      hint: 'Restore from another backup; vya list shows them.',
      cause: error,
    });
  }
}

async function runCheck(part: StoredPart, check: ArchiveCheck, options: ReadOptions): Promise<void> {
  const { signal, onBytes } = options;
  if (part.format === 'pg-directory') {
    if ('command' in check) await runPipeline([check.command], { signal, output: 'drop', onBytes });
    return;
  }
  const reader: Command[] = options.decompressor ? [options.decompressor] : [];
  if ('command' in check) {
    await runPipeline([...reader, check.command], { signal, input: part.path, output: 'drop', onBytes });
    return;
  }
  const tail: Command = { file: 'tail', args: ['-c', String(tailBytes)], env: { PATH: '/usr/bin:/bin' } };
  const end = await runPipeline([...reader, tail], { signal, input: part.path, output: 'keep', onBytes });
  if (!end.includes(check.endMarker))
    throw new VyaError('failed', `it does not end with “${check.endMarker}”`);
}
