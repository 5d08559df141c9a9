import type { FileEntry, ManifestSummary } from './manifest.ts';
import type { Proof } from './marks.ts';

/** What is kept of a manifest while thousands of backups are looked at. */
export interface EntrySummary extends Pick<
  ManifestSummary,
  'run' | 'server' | 'startedAt' | 'finishedAt' | 'partial' | 'warnings'
> {
  files: readonly Pick<FileEntry, 'path' | 'size'>[];
}

/** A backup in the storage tree. */
export interface BackupEntry {
  /** `<instance>/<database>/<timestamp>`: the path below the base. */
  id: string;
  instance: string;
  /** The true name; null for accounts. */
  database: string | null;
  kind: 'database' | 'accounts';
  /** When it was begun; whole seconds. */
  takenAt: Date;
  /** 1, and more for further backups of the same second. */
  sequence: number;
  /** Absolute. */
  path: string;
  /** Its manifest is there, readable, and belongs to this place. */
  complete: boolean;
  pinned: boolean;
  /** It has passed its last rehearsal. */
  proven: boolean;
  /** What that rehearsal compared, and how it ended. */
  proof?: Proof;
  /** Absent when the backup is not complete. */
  summary?: EntrySummary;
  /** Of all its files; 0 when it is not complete. */
  sizeBytes: number;
}

export interface ScanFilter {
  basePath: string;
  instance?: string | undefined;
  /** Null: accounts only. Undefined: databases and accounts. */
  database?: string | null | undefined;
  when?: ((takenAt: Date) => boolean) | undefined;
  limit?: number | undefined;
}
