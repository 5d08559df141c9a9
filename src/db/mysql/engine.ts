import { isSystemDatabase } from '../../model/system-databases.ts';
import type { Engine } from '../adapter.ts';
import { connectMysql } from './adapter.ts';
import { findMysqlPrograms } from './programs.ts';

/** MySQL and MariaDB. */
export const mysqlEngine: Engine = {
  type: 'mysql',
  defaultPort: 3306,
  isSystemDatabase: (name) => isSystemDatabase('mysql', name),
  connect: connectMysql,
  findPrograms: findMysqlPrograms,
  archiveCheck: () => ({ endMarker: '-- Dump completed' }),
};
