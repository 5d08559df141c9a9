import type { Engine } from '../adapter.ts';
import { connectMysql } from './adapter.ts';
import { findMysqlPrograms } from './programs.ts';

/** MySQL and MariaDB. */
export const mysqlEngine: Engine = {
  type: 'mysql',
  connect: connectMysql,
  findPrograms: findMysqlPrograms,
  archiveCheck: () => ({ endMarker: '-- Dump completed' }),
};
