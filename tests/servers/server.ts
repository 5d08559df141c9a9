import type { ServerKind } from './kinds.ts';

/** A running server that tests may do anything to. */
export interface TestServer {
  kind: ServerKind;
  type: 'mysql' | 'postgresql';
  host: string;
  port: number;
  /** MySQL: the path of the socket; PostgreSQL: the folder of the socket, as libpq wants it. Empty: not reachable so. */
  socket: string;
  /** May do everything, from any host: `root` or `postgres`. */
  admin: { user: string; password: string };
  /** A folder that holds the client programs of this kind and nothing else. */
  binDir: string;
  /** Absent for a server in a container. */
  dataDir?: string;
  /** The server's process, absent for a server in a container. */
  pid?: number;
  /** Ends the server and removes what it left on disk. */
  stop: () => Promise<void>;
}

export interface StartOptions {
  /** More arguments for the server program, as its command line takes them; `{files}` is where `files` are. */
  args?: string[];
  /** Files for the server to read, by name: certificates and keys, with the owner and mode that servers insist on. */
  files?: Record<string, string>;
}

/** Thrown when a machine cannot run a kind of server at all. */
export class ServerUnavailable extends Error {
  override name = 'ServerUnavailable';
}
