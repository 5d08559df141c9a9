import type { Knex } from 'knex';
import type { InstanceTarget } from '../../model/instance.ts';

/** What differs between the drivers under knex. `C` is the driver's own connection. */
export interface Driver<C> {
  /** Knex's dialect: its class and not its name, by which knex would look among all that it has. */
  dialect: typeof Knex.Client;
  /** The driver's own settings. Throws VyaError `configuration` for certificate files that cannot be read. */
  connection(target: InstanceTarget, database: string | undefined, encrypt: boolean): Promise<object>;
  /** Statements that make a session independent of what the account, the database or the server has set. */
  prepare(target: InstanceTarget): readonly string[];
  run(connection: C, statement: string): Promise<void>;
  isEncrypted(connection: C): boolean;
  /** Ends the connection at once, whatever it is doing. */
  drop(connection: C): void;
  /** True for the error of a server that has no TLS to offer. */
  saysNoTls(error: Error): boolean;
  /** Replaces the driver's own function where it does not do what is needed. */
  open?: (settings: object) => C;
}
