/** A session of a client program that waits inside the server for a lock. */
export interface LockWait {
  /** Seconds so far. */
  seconds: number;
  /** What it waits for, in the server's words. */
  reason: string;
  /** Who holds it, as far as the account may see: `session 12 (root from 10.0.0.7, idle for 300 s)`. */
  holder: string | undefined;
}

/** What client programs do inside the server, seen from a session of vya's. */
export interface ClientSessions {
  /** Those of the programs' sessions that wait for a lock now. */
  waits(): Promise<LockWait[]>;
  /**
   * Ends the programs' sessions that are still there after the programs have ended: a server can miss that its client has gone
   * while it waits for a lock. Works after an abort, too.
   */
  end(): Promise<void>;
}
