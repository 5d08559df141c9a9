import type { VyaError } from '../../errors.ts';
import type { AccountsRestoreReport } from '../accounts/accounts-report.ts';
import type { Comparison } from './compare-contents.ts';

export interface RestoredDatabase {
  database: string;
  /** `present`: it was there, has what the backup says, and was left alone. */
  status: 'planned' | 'present' | 'restored' | 'failed';
  backup?: string;
  /** When the backup was begun, in UTC. */
  takenAt?: string;
  /** Whether a database of that name was, or would be, replaced. */
  replaced: boolean;
  keptOldAs?: string;
  tables: number;
  durationMs: number;
  /** What was compared beside the objects. */
  compared?: Comparison['compared'];
  exceptions?: string[];
  warnings: string[];
  error?: VyaError;
}

/** Of a server's accounts: what was done, or why nothing was. */
export interface RestoredAccounts {
  report?: AccountsRestoreReport;
  error?: VyaError;
}

export interface RestoreAllReport {
  /** The instance that the backups are of. */
  source: string;
  instance: string;
  dryRun: boolean;
  /** When the first and the last backup of a database were begun, in UTC: databases are not of one moment. */
  between?: { first: string; last: string };
  /** Absent when they were left out, or the set has none. */
  accounts?: RestoredAccounts;
  databases: RestoredDatabase[];
  warnings: string[];
}
