import type { Command } from '../exec/command.ts';
import type { EngineType, Flavour, InstanceTarget } from '../model/instance.ts';
import type { Inventory } from '../model/inventory.ts';
import type { Version } from '../model/version.ts';
import type { Leftover, RecoverRequest, ReplaceRequest } from './replacement.ts';
import type { AccountsAdapter, PlanAccounts } from './accounts.ts';
import type { ArchiveCheck } from './archive-check.ts';
import type { ClientSessions } from './client-sessions.ts';
import type { DeferredKeys, LoadOptions, LoadStep } from './load-step.ts';
import type { HoldOptions, Snapshot, TableMeasure } from './snapshot.ts';
import type { Streams } from './streams.ts';
import type { SourcePosition } from './source-position.ts';
import type { Finding } from './finding.ts';
import type { ClientPrograms } from './client-program.ts';

/** What decides which client programs suit a server. */
export type ServerKind = Pick<ServerInfo, 'flavour' | 'version'>;

/** What answered: taken once when a session is opened. */
export interface ServerInfo {
  flavour: Flavour;
  version: Version;
  /** The version as the server words it, for messages. */
  versionText: string;
  /** Equal for two sessions if and only if they reached the same running server. */
  identity: string;
  /** Milliseconds of one round trip, login excluded. */
  latencyMs: number;
  /** The login as the server sees it (`'backup'@'%'`, `backup`). */
  account: string;
  replica: boolean;
  /** Whether this session is encrypted. */
  encrypted: boolean;
}

export interface DatabaseInfo {
  name: string;
  /** The server's own, or a managed service's own. */
  system: boolean;
  /** False: the server allows no connection to it (template0). */
  connectable: boolean;
  sizeBytes: number;
}

export type PartFormat = 'sql' | 'json-lines' | 'pg-custom' | 'pg-directory';

/** One file or directory of a backup, and the commands that make it. */
export interface DumpPart {
  /** Goes between `<database>_<timestamp>` and the compression's suffix: `.1-tables.sql`, `.pgdump`. */
  suffix: string;
  format: PartFormat;
  /**
   * What it holds, in the manifest's words: `tables`, or `definitions` and `rows` where a database was dumped in several streams;
   * `sequences`, `views`, `triggers`, `routines`, `events`; `everything`.
   */
  holds: readonly string[];
  /**
   * Streams (`sql`, `pg-custom`): run one after the other, their outputs joined into one file through the compressor.
   * `pg-directory`: exactly one command, which writes the directory itself.
   */
  commands: readonly Command[];
  /** MySQL: pieces of statements of which one is in whatever this part's program, and no other part's, asks for its rows. */
  marks?: readonly string[];
}

export interface DumpRequest {
  database: string;
  inventory: Inventory;
  programs: ClientPrograms;
  compression: { codec: 'zstd' | 'gzip' | 'none'; level: number };
  /** PostgreSQL: parallel jobs inside one dump, 1 or more. */
  jobs: number;
  /** MySQL: rows are dumped in these; undefined: in one stream with all the rest of the tables. */
  streams?: Streams | undefined;
  /** The moment that the tables are dumped from; undefined: one that the program takes by itself. */
  snapshot?: Snapshot | undefined;
  /** Where a part that is a directory has to be written. Must not exist yet. */
  directoryFor(suffix: string): string;
}

export interface DumpPlan {
  parts: readonly DumpPart[];
  /** The options that shaped the dump, for the manifest (no secrets, no paths). */
  options: readonly string[];
  /** The oldest client version that can restore the result, e.g. `pg_restore 16`. */
  oldestClient: string;
}

/** One part of a stored backup, as a restore reads it. */
export interface StoredPart {
  /** Absolute path of the file or directory. */
  path: string;
  format: PartFormat;
  holds: readonly string[];
}

export interface Visit {
  end(): Promise<void>;
}

/** A connected session to one server. Both engines implement this, and one contract suite runs over both. */
export interface DatabaseAdapter extends AccountsAdapter {
  readonly target: InstanceTarget;
  readonly server: ServerInfo;
  /** Every database of the server, system ones included, with sizes in bytes. */
  databases(): Promise<DatabaseInfo[]>;
  /** Announces that several things will be asked of one database: then one session there does for all of them. End it. */
  visit(database: string): Visit;
  /** Objects of one database. Row counts are the catalogue's estimates. */
  inventory(database: string): Promise<Inventory>;
  position(): Promise<SourcePosition[]>;
  /**
   * Plans the streams in which the rows of a database are dumped at the same time, about `jobs` of them. Undefined where one program
   * dumps everything by itself: with several jobs (PostgreSQL), or because nothing is gained.
   */
  planStreams(database: string, inventory: Inventory, jobs: number): Promise<Streams | undefined>;
  /**
   * Holds one moment of a database for the programs of a dump, and for exact measures where those are wanted. MySQL: writers wait until
   * the dump has joined.
   *
   * @throws NoSharedMoment `privileges` or `failed` when no such moment could be had
   * @throws VyaError `connection`
   */
  openSnapshot(database: string, inventory: Inventory, options: HoldOptions): Promise<Snapshot>;
  /** Counts and digests of all tables as they are now, by the same methods as a snapshot's. */
  measure(database: string, inventory: Inventory): Promise<TableMeasure[]>;
  /** Whether a dump that failed so may succeed when it is begun anew: somebody's DDL or lock came between. */
  mayRetry(error: Error): boolean;
  /** What would go wrong, or be incomplete, when these databases are dumped: privileges, engines, locks, row security. */
  dumpFindings(database: string, inventory: Inventory): Promise<Finding[]>;
  dumpPlan(request: DumpRequest): DumpPlan;
  /** The sessions of these commands, which work on one database. */
  clientSessions(database: string, commands: readonly Command[]): ClientSessions;
  /** A command that prints the identity of the server that the client programs reach, as `server.identity` words it. */
  identityCommand(programs: ClientPrograms): Command;
  /** What this server lacks for a restore: privileges, roles, definers, collations, extensions, tablespaces, engines. */
  restoreFindings(
    inventory: Inventory,
    options: {
      noOwner: boolean;
      noAcl: boolean;
      source: { flavour: Flavour; version: Version };
      /** What it is loaded with. */
      programs?: ClientPrograms;
      /** The name that the restored database takes; MySQL's privileges are looked at for it. */
      database?: string;
    },
  ): Promise<Finding[]>;
  databaseExists(name: string): Promise<boolean>;
  /**
   * Creates an empty database with the source's encoding and collation. It belongs to this session until it is dropped or
   * the session is closed: no other run clears it away.
   */
  createDatabase(name: string, inventory: Inventory): Promise<void>;
  /** Drops such a database. Throws VyaError `failed` when a replacement that was not finished needs it. */
  dropDatabase(name: string): Promise<void>;
  loadStep(part: StoredPart, database: string, options: LoadOptions & { disableEvents: boolean }): LoadStep;
  /**
   * What to do with the keys of a database that holds empty tables while it is filled with rows; undefined: nothing is gained.
   * `inventory` tells how many rows there will be.
   */
  deferKeys(
    database: string,
    inventory: Inventory,
    programs: ClientPrograms,
  ): Promise<DeferredKeys | undefined>;
  /** Gives `fresh` the name `name`. After a failure the database that had the name is as it was. */
  replace(request: ReplaceRequest): Promise<void>;
  /**
   * Why `name` cannot be replaced now (replication slots, foreign keys from other databases, …), and what goes with it; `inPlace`:
   * it is dropped first. Empty: nothing.
   */
  replaceFindings(name: string, options: { inPlace: boolean }): Promise<Finding[]>;
  /** Drops a database to make room for its successor. Throws VyaError `locked` when another run replaces it. */
  dropTarget(name: string): Promise<void>;
  /** Where a database like this would be, when that is certain to be on this machine. */
  dataDirectory(inventory: Inventory): Promise<string | undefined>;
  /**
   * Finishes or takes back replacements whose run was killed, and drops scratch databases that nobody uses any more. What
   * belongs to a run that is alive, here or on another machine, is left alone.
   */
  recover(request: RecoverRequest): Promise<Leftover[]>;
  close(): Promise<void>;
}

export interface ConnectOptions {
  signal: AbortSignal;
}

/** One kind of server, without a connection. */
export interface Engine {
  type: EngineType;
  /** Throws VyaError `connection`. */
  connect(target: InstanceTarget, options: ConnectOptions): Promise<DatabaseAdapter>;
  /**
   * The installed client programs that suit a server best: the same flavour, the same major version, else the nearest newer. The
   * search begins before it is known which server that is.
   * `oldestClient`: as a manifest has it; PostgreSQL's programs are never older. Throws VyaError `failed` that names the package to
   * install.
   */
  findPrograms(
    server: ServerKind | Promise<ServerKind>,
    env: NodeJS.ProcessEnv,
    oldestClient?: string,
  ): Promise<ClientPrograms>;
  /**
   * `programs` may be undefined for parts of format `sql`, which need none. `loading`: the part is about to be loaded; it came
   * from a database of this name.
   */
  archiveCheck(
    part: StoredPart,
    programs: ClientPrograms | undefined,
    loading?: { sourceDatabase: string },
  ): ArchiveCheck;
  planAccounts: PlanAccounts;
  /** The session settings that the statements of `planAccounts` rely on, for a file that the database's client loads. */
  accountsPreamble: readonly string[];
}
