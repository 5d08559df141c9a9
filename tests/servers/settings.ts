import { randomInt } from 'node:crypto';
import type { KindFacts } from './kinds.ts';

const mysqlSettings = [
  '--secure-file-priv=',
  '--log-bin=binlog',
  '--sync-binlog=0',
  '--event-scheduler=ON',
  '--skip-name-resolve',
  '--max-connections=60',
  '--innodb-buffer-pool-size=64M',
  '--innodb-flush-log-at-trx-commit=0',
  '--innodb-flush-method=nosync',
  '--skip-innodb-doublewrite',
];

const postgresqlSettings = [
  'max_connections=60',
  'shared_buffers=32MB',
  'wal_level=logical',
  'fsync=off',
  'synchronous_commit=off',
  'full_page_writes=off',
];

/** What every test server is told, wherever it runs: small, quick, and as able as a production server. */
export function serverSettings(type: KindFacts['type']): string[] {
  if (type === 'postgresql') return postgresqlSettings.flatMap((setting) => ['-c', setting]);
  return [...mysqlSettings, `--server-id=${randomInt(1, 2 ** 31)}`];
}
