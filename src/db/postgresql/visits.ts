import type { InstanceTarget } from '../../model/instance.ts';
import type { Visit } from '../adapter.ts';
import { type Database, openDatabase, withDatabase } from './session.ts';

/** Sessions in databases of which several things are asked, one after the other. */
export interface Visits {
  /** From here on there is one session for the database, which is opened when it is needed. */
  begin(name: string): Visit;
  /** Lets `work` use the visit's session where there is one, and otherwise a session of its own. Throws VyaError `connection`. */
  within<T>(name: string, work: (database: Database) => Promise<T>): Promise<T>;
}

/** A session that has been idle for long is closed by the pool that it is in, and opened anew for the next question. */
export function createVisits(target: InstanceTarget, signal: AbortSignal): Visits {
  const open = new Map<string, { database: Promise<Database> | undefined }>();
  return {
    begin(name) {
      const visit = { database: undefined as Promise<Database> | undefined };
      open.set(name, visit);
      return {
        async end() {
          if (open.get(name) === visit) open.delete(name);
          const database = await visit.database?.catch(() => undefined);
          await database?.close();
        },
      };
    },
    async within(name, work) {
      const visit = open.get(name);
      if (!visit) return await withDatabase(target, name, signal, work);
      visit.database ??= openDatabase(target, name, signal);
      try {
        return await work(await visit.database);
      } catch (error) {
        // Whoever tries again begins with a new one.
        const failed = visit.database;
        visit.database = undefined;
        await failed.then((database) => database.close()).catch(() => {});
        throw error;
      }
    },
  };
}
