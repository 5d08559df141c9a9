import type { EngineType, InstanceTarget } from '../model/instance.ts';

/** One configured server, as operations need it: the command line makes these from configuration and credentials. */
export interface InstanceJob {
  id: string;
  type: EngineType;
  /** Names or globs of the databases to take; empty: all. */
  include: readonly string[];
  exclude: readonly string[];
  /** Whether a backup takes its users, roles and grants, too. */
  accounts: boolean;
  /** Where it is and how to log in. Throws VyaError `credentials`: one instance without them does not stop the others. */
  open(): Promise<InstanceTarget>;
}

export interface StorageJob {
  basePath: string;
  compression: { codec: 'zstd' | 'gzip' | 'none'; level: number };
  checksumAlgorithm: 'sha256' | 'md5';
}

/** How long a lock that another run holds is waited for, in seconds; 0 gives up at once. */
export interface Patience {
  waitSeconds: number;
}
