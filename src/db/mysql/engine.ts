import type { Engine } from '../adapter.ts';
import { planAccounts } from './accounts/account-plan.ts';
import { connectMysql } from './adapter.ts';
import { endMarker, inspectCommand } from './load/inspect.ts';
import { findMysqlPrograms } from './programs.ts';

/** MySQL and MariaDB. */
export const mysqlEngine: Engine = {
  type: 'mysql',
  connect: connectMysql,
  findPrograms: findMysqlPrograms,
  archiveCheck: (part, _programs, loading) => ({
    endMarker,
    ...(loading && { inspect: inspectCommand(part, loading.sourceDatabase) }),
  }),
  planAccounts,
  accountsPreamble: ['SET NAMES utf8mb4', "SET SESSION sql_mode = ''"],
};
