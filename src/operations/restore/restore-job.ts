import type { InstanceTarget } from '../../model/instance.ts';
import type { OpenBackup } from '../../storage/open-backup.ts';
import type { Comparison } from './compare-contents.ts';
import type { Patience } from '../jobs.ts';

export interface RestoreJob extends Patience {
  /** Chosen and opened by the command line: from the storage tree or from anywhere. */
  backup: OpenBackup;
  storage: { basePath: string };
  open(): Promise<InstanceTarget>;
  /** The name that the restored database gets. */
  database: string;
  noOwner: boolean;
  noAcl: boolean;
  /** Keep a database that is replaced under another name. */
  keepOld: boolean;
  /** For servers without room for two copies: what is there is dropped before the backup is loaded. Not with `keepOld`. */
  inPlace: boolean;
  jobs: number;
  /** Load a dump although it holds statements that no dump of one database does. */
  trust?: boolean | undefined;
  dryRun: boolean;
  /** The caller has read the archive to its end, and has held it since. */
  knownWhole?: boolean;
  /** Asked before an existing database is replaced; answers false to refuse. */
  confirmReplace(existing: { instance: string; database: string; inPlace: boolean }): Promise<boolean>;
}

export interface RestoreReport {
  backup: string;
  instance: string;
  database: string;
  dryRun: boolean;
  /** Whether a database of that name existed. */
  replaced: boolean;
  keptOldAs?: string;
  tables: number;
  durationMs: number;
  /** What was compared beside the objects; absent in a dry run. */
  compared?: Comparison['compared'];
  /** What came back otherwise because no dump carries it faithfully: `prices.amount (FLOAT)`. */
  exceptions?: string[];
  warnings: string[];
  /** Events that were created disabled, because this is a copy. */
  disabledEvents: string[];
}
