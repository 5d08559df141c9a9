import type { InstanceTarget } from '../../model/instance.ts';
import type { BackupSet } from './choose-set.ts';
import type { Patience } from '../jobs.ts';
import type { ServerAccountsJob } from '../accounts/server-accounts.ts';

export interface RestoreAllJob extends Patience {
  set: BackupSet;
  storage: { basePath: string };
  open(): Promise<InstanceTarget>;
  /** Replace databases that exist; otherwise they are left alone. */
  force: boolean;
  noOwner: boolean;
  noAcl: boolean;
  /** Keep databases that are replaced under other names. */
  keepOld: boolean;
  /** Drop each database that is replaced before its successor is loaded. */
  inPlace: boolean;
  /** Load dumps although they hold statements that no dump of one database does. */
  trust: boolean;
  jobs: number;
  dryRun: boolean;
  confirmChange: ServerAccountsJob['confirmChange'];
}
