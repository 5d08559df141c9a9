import type { TestServer } from '../servers/server.ts';
import { createMysqlAccounts, loadMysqlSample, mysqlNextValues } from './mysql.ts';
import { createPostgresqlRoles, loadPostgresqlSample, postgresqlNextValues } from './postgresql.ts';

/**
 * Creates `database` and fills it with the sample: a small delicatessen that uses nearly everything that the server's
 * engine can do, a few thousand rows, the same ones every time. Also creates the accounts or roles that it names.
 */
export function loadSample(server: TestServer, database: string): Promise<void> {
  return server.type === 'mysql' ? loadMysqlSample(server, database) : loadPostgresqlSample(server, database);
}

/** Creates only the accounts (MySQL: definers) or roles (PostgreSQL: owners, grantees) that the sample names. */
export function createSampleAccounts(server: TestServer): Promise<void> {
  return server.type === 'mysql' ? createMysqlAccounts(server) : createPostgresqlRoles(server);
}

/**
 * The next values of the sample's sequences and AUTO_INCREMENT columns. Asking uses them up, so ask last, and equally
 * often on both sides of a comparison.
 */
export function nextValues(server: TestServer, database: string): Promise<Record<string, unknown>> {
  return server.type === 'mysql' ? mysqlNextValues(server, database) : postgresqlNextValues(server, database);
}
