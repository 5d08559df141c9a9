import type { Log } from '../log.ts';
import type { AuditEvent } from './audit.ts';

/** What every operation gets from the command line beside its job. */
export interface OperationContext {
  signal: AbortSignal;
  log: Log;
  /** For finding programs (PATH); never read for settings. */
  env: NodeJS.ProcessEnv;
  now: () => Date;
  progress: Progress;
  /** Notes an act in the audit trail. Never throws: what cannot be noted becomes a warning. */
  audit(event: AuditEvent): Promise<void>;
}

/** Shows long work while it runs: a line on a terminal, log lines elsewhere. */
export interface Progress {
  /** `totalBytes` only where it is known. */
  begin(label: string, totalBytes?: number): ProgressTask;
  /** Tells whoever waits at a terminal, and the log, why it takes longer. */
  note(text: string, fields: Record<string, string>): void;
}

export interface ProgressTask {
  /** Bytes done so far, not since the last call. */
  update(bytes: number): void;
  done(): void;
}
