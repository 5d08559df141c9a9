export type EngineType = 'mysql' | 'postgresql';

/** What answers behind a type: `mysql` may be MySQL or MariaDB. */
export type Flavour = 'mysql' | 'mariadb' | 'postgresql';

export type TlsMode = 'disable' | 'prefer' | 'require' | 'verify-ca' | 'verify-full';

export interface TlsSettings {
  mode: TlsMode;
  /** Paths of PEM files. */
  ca?: string | undefined;
  cert?: string | undefined;
  key?: string | undefined;
}

/** Where a server listens: TCP whenever a host is given (never a default socket), or a Unix socket's path. */
export type Endpoint = { host: string; port: number } | { socket: string; port: number };

/** Everything needed to reach one server: the plain job object that `cli/jobs.ts` makes from configuration and credentials. */
export interface InstanceTarget {
  id: string;
  type: EngineType;
  endpoint: Endpoint;
  user: string;
  /** Absent for logins without a password (peer, unix_socket, auth_socket, client certificate). */
  password?: string | undefined;
  /** The stored credential that user and password are from, for messages. */
  credential?: string | undefined;
  tls: TlsSettings;
  /** Milliseconds until a connection attempt is given up. */
  connectTimeoutMs: number;
  /** Seconds that metadata queries and dumps wait for a lock. */
  lockWaitSeconds: number;
  /** How many more times a connection is tried that failed for a reason which passes. */
  connectRetries: number;
  /** Seconds that a dump may move no byte, and that it may take as a whole; 0: for ever. */
  dumpLimits: { silenceSeconds: number; totalSeconds: number };
}

/** `host:port`, or the socket's path: how messages name an endpoint. */
export function describeEndpoint(endpoint: Endpoint): string {
  if ('socket' in endpoint) return endpoint.socket;
  const host = endpoint.host.includes(':') ? `[${endpoint.host}]` : endpoint.host;
  return `${host}:${endpoint.port}`;
}
