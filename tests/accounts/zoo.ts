import type { TestServer } from '../servers/server.ts';
import { connect } from '../servers/connect.ts';
import { mariadbZoo } from './zoo-mariadb.ts';
import { mysqlZoo } from './zoo-mysql.ts';
import { postgresqlZoo } from './zoo-postgresql.ts';

/** Accounts of every kind, as a server that has lived for years holds them. */
export interface Zoo {
  /** What has to be there before the accounts: databases, tables, routines, plugins. */
  ground: readonly string[];
  accounts: readonly string[];
  /** Each logs in with the password and is answered `may`; `mayNot` is refused. */
  logins: readonly Login[];
  /** These cannot log in, although the password is right: locked, or without LOGIN. */
  shut: readonly { user: string; password: string }[];
}

export interface Login {
  user: string;
  password: string;
  may: string;
  mayNot: string;
}

export function zooOf({ kind }: TestServer): Zoo {
  if (kind.startsWith('mysql')) return mysqlZoo;
  return kind.startsWith('mariadb') ? mariadbZoo : postgresqlZoo(Number(kind.split('-')[1]));
}

/** Runs statements one by one as the administrator, and says which one failed. */
export async function settle(server: TestServer, statements: readonly string[]): Promise<void> {
  const connection = await connect(server);
  try {
    for (const statement of statements) {
      await connection.script(statement).catch((error: Error) => {
        throw new Error(`${statement}\n${error.message}`);
      });
    }
  } finally {
    await connection.close();
  }
}
