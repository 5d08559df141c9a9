import { basename } from 'node:path';
import { asVyaError, type VyaError } from '../../errors.ts';
import type { Command } from '../../exec/command.ts';
import { runPipeline } from '../../exec/pipeline.ts';
import type { AccountSet } from '../../model/accounts.ts';
import { parseVersion } from '../../model/version.ts';
import type { RetentionPolicy } from '../../retention/policy.ts';
import { type StagedBackup, stageBackup } from '../../storage/artifact.ts';
import { compressor } from '../../storage/codecs.ts';
import type { Lock } from '../../storage/lock.ts';
import { accountsAsLines, accountsAsSql } from './account-files.ts';
import { accountMatcher, describeProblems } from './account-names.ts';
import { readPart } from '../archive.ts';
import { describeServer } from '../backup/describe-server.ts';
import type { OperationContext } from '../context.ts';
import type { InstanceJob, Patience, StorageJob } from '../jobs.ts';
import { type PruneResult, pruneDatabase } from '../prune.ts';
import type { Session } from '../session.ts';

/** What a backup of accounts needs of the job that it is part of. */
export interface AccountsJob extends Patience {
  run: string;
  storage: StorageJob;
  /** Undefined: old backups are left alone. */
  retention: RetentionPolicy | undefined;
  dryRun: boolean;
  /** Names and patterns of accounts to leave out. */
  excludeUsers?: readonly string[] | undefined;
  vya: string;
}

export interface AccountsResult {
  status: 'ok' | 'failed' | 'planned';
  id?: string;
  path?: string;
  sizeBytes: number;
  durationMs: number;
  /** How many accounts it holds. */
  accounts: number;
  warnings: string[];
  error?: VyaError;
  prune?: PruneResult;
}

/** Backs the accounts of one instance up and applies their retention, and turns any failure into a result. */
export async function attemptAccountsBackup(
  work: { job: AccountsJob; instance: InstanceJob; session: Session; lock: Lock | undefined },
  context: OperationContext,
): Promise<AccountsResult> {
  const { job, instance } = work;
  const started = performance.now();
  const result: AccountsResult = { status: 'ok', sizeBytes: 0, durationMs: 0, accounts: 0, warnings: [] };
  const fields = { instance: instance.id };
  try {
    await backupAccounts(work, result, context);
    context.log.info({ ...fields, id: result.id, accounts: result.accounts }, 'accounts backed up');
  } catch (error) {
    context.signal.throwIfAborted();
    result.status = 'failed';
    result.error = asVyaError(error);
    context.log.error({ ...fields, kind: result.error.kind }, `accounts: ${result.error.message}`);
  }
  if (result.status === 'ok' && job.retention) {
    const place = { instance: instance.id, database: null };
    result.prune = await pruneDatabase(
      { ...job, place, retention: job.retention, afterBackup: true },
      context,
    );
  }
  for (const warning of result.warnings) context.log.warning(fields, `accounts: ${warning}`);
  result.durationMs = Math.round(performance.now() - started);
  return result;
}

async function backupAccounts(
  { job, instance, session, lock }: Parameters<typeof attemptAccountsBackup>[0],
  result: AccountsResult,
  context: OperationContext,
): Promise<void> {
  const startedAt = context.now();
  const found = await session.adapter.accounts();
  const excluded = accountMatcher(job.excludeUsers ?? []);
  const set = { ...found, accounts: found.accounts.filter((account) => !excluded(account)) };
  result.accounts = set.accounts.length;
  result.warnings.push(...describeProblems(set.accounts));
  if (!lock) {
    result.status = 'planned';
    return;
  }
  const staged = await stageBackup({
    basePath: job.storage.basePath,
    lock,
    place: { instance: instance.id, database: null },
    startedAt,
    checksumAlgorithm: job.storage.checksumAlgorithm,
  });
  try {
    const parts = await writeFiles(session, set, staged, job.storage, context);
    const { id, path, manifest } = await staged.publish({
      run: job.run,
      instance: { id: instance.id, type: instance.type },
      server: describeServer(session),
      client: { program: 'vya', version: parseVersion(job.vya) ?? set.source.server },
      finishedAt: context.now().toISOString(),
      positions: [],
      oldestClient: `${session.programs.query.name} of any version`,
      partial: false,
      options: (job.excludeUsers ?? []).map((name) => `--exclude-user=${name}`),
      compression: job.storage.compression,
      parts,
      inventoryStable: true,
      warnings: result.warnings,
      vya: job.vya,
    });
    Object.assign(result, { id, path, sizeBytes: manifest.files.reduce((sum, { size }) => sum + size, 0) });
  } finally {
    await staged.discard();
  }
}

/** Both files are small: each is read back at once. */
async function writeFiles(
  { engine }: Session,
  set: AccountSet,
  staged: StagedBackup,
  storage: StorageJob,
  context: OperationContext,
): Promise<{ path: string; format: 'sql' | 'json-lines'; holds: string[] }[]> {
  const { signal, env } = context;
  const codec = await compressor(storage.compression, env);
  const copy: Command = { file: 'cat', args: [], env: { PATH: '/usr/bin:/bin' } };
  const contents = { sql: accountsAsSql(engine, set), 'json-lines': accountsAsLines(set) } as const;
  const suffixes = { sql: '.sql', 'json-lines': '.jsonl' } as const;
  const parts: { path: string; format: 'sql' | 'json-lines'; holds: string[] }[] = [];
  for (const format of ['sql', 'json-lines'] as const) {
    const file = await staged.createFile(suffixes[format] + codec.suffix);
    const input = Buffer.from(contents[format]);
    await runPipeline([codec.command ?? copy], { signal, input, output: { appendTo: file.path } });
    await file.finish();
    const part = { format, holds: ['accounts'] };
    await readPart(engine, { ...part, path: file.path }, { signal, env, programs: undefined });
    parts.push({ ...part, path: basename(file.path) });
  }
  return parts;
}
