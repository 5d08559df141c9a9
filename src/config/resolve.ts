import { basename, dirname, join, resolve } from 'node:path';
import type { EngineType, Endpoint, TlsSettings } from '../model/instance.ts';
import { durationMs } from './duration.ts';
import {
  type HealthConfig,
  type HooksConfig,
  type NotifyConfig,
  toHealth,
  toHooks,
  toNotify,
} from './resolve-watching.ts';
import type { ConfigFile, InstanceFile, LogLevel } from './schema.ts';

/** The configuration as the program uses it: absolute paths, milliseconds, every default filled in. */
export interface Config {
  instances: InstanceConfig[];
  storage: StorageConfig;
  retention: RetentionConfig;
  health: HealthConfig;
  metrics: { textfile?: string | undefined };
  hooks: HooksConfig;
  notify: NotifyConfig;
  logging: LoggingConfig;
  secrets: { path: string };
  security: { keyFile?: string | undefined; runAs?: string | undefined };
  dryRun: boolean;
}

export interface InstanceConfig {
  id: string;
  type: EngineType;
  endpoint: Endpoint;
  /** The credential's name; absent: the one named like the instance, if there is one. */
  credential?: string | undefined;
  /** For logins without a password, instead of a credential. */
  user?: string | undefined;
  /** Names or globs; empty: all. */
  databases: string[];
  excludeDatabases: string[];
  accounts: boolean;
  tls: TlsSettings;
  connectTimeoutMs: number;
  lockWaitSeconds: number;
  connectRetries: number;
  dumpLimits: { silenceSeconds: number; totalSeconds: number };
}

export interface StorageConfig {
  basePath: string;
  compression: 'zstd' | 'gzip' | 'none';
  compressionLevel: number;
  checksumAlgorithm: 'sha256' | 'md5';
}

/** How many hours, days, … keep their newest backup; 0 turns a rule off. */
export interface RetentionConfig {
  hourly: number;
  daily: number;
  weekly: number;
  monthly: number;
  yearly: number;
  keepLast: number;
  keepWithinMs: number;
  /** IANA name. */
  timezone: string;
}

export interface LoggingConfig {
  level: LogLevel;
  format: 'text' | 'json';
  /** `console`, or a file's absolute path. */
  output: string;
}

/** The file's content with every open place settled, in the file's own words: what `config show` prints. */
export interface SettledFile extends ConfigFile {
  instances: (InstanceFile & { port: number })[];
  retention: ConfigFile['retention'] & { timezone: string };
  secrets: { path: string };
}

const defaultPorts: Record<EngineType, number> = { mysql: 3306, postgresql: 5432 };

/** Where the credentials file is when the configuration does not say: it depends on where the configuration is. */
export function defaultSecretsPath(configPath: string): string {
  const directory = dirname(configPath);
  if (directory === '/etc/vya') return '/etc/vya/secrets/credentials.json';
  const beside = basename(directory) === 'config' ? dirname(directory) : directory;
  return join(beside, '.secrets/credentials.json');
}

/**
 * Settles every open place: paths made absolute, default port, time zone and secrets path.
 * `baseOf` answers the directory that the path at a place is relative to.
 */
export function settle(
  file: ConfigFile,
  where: { configPath: string; timezone: string; baseOf(path: readonly PropertyKey[]): string },
): SettledFile {
  const absolute = (path: string, ...at: PropertyKey[]) => resolve(where.baseOf(at), path);
  const { storage, logging, secrets, security } = file;
  const instances = file.instances.map(({ id, type, host, socket, port, ...instance }, index) => ({
    id,
    type,
    ...optional('host', host, (name) => name),
    ...optional('socket', socket, (path) => absolute(path, 'instances', index, 'socket')),
    port: port ?? defaultPorts[type],
    ...instance,
    ssl: {
      ...instance.ssl,
      ...optional('ca', instance.ssl.ca, (path) => absolute(path, 'instances', index, 'ssl', 'ca')),
      ...optional('cert', instance.ssl.cert, (path) => absolute(path, 'instances', index, 'ssl', 'cert')),
      ...optional('key', instance.ssl.key, (path) => absolute(path, 'instances', index, 'ssl', 'key')),
    },
  }));
  return {
    ...file,
    instances,
    storage: { ...storage, base_path: absolute(storage.base_path, 'storage', 'base_path') },
    retention: { ...file.retention, timezone: file.retention.timezone ?? where.timezone },
    notify: {
      ...file.notify,
      mail: {
        ...file.notify.mail,
        ...optional('ca', file.notify.mail.ca, (path) => absolute(path, 'notify', 'mail', 'ca')),
      },
    },
    metrics: optional('textfile', file.metrics.textfile, (path) => absolute(path, 'metrics', 'textfile')),
    logging: {
      ...logging,
      output: logging.output === 'console' ? 'console' : absolute(logging.output, 'logging', 'output'),
    },
    secrets: {
      path: secrets.path ? absolute(secrets.path, 'secrets', 'path') : defaultSecretsPath(where.configPath),
    },
    security: {
      ...security,
      ...optional('key_file', security.key_file, (path) => absolute(path, 'security', 'key_file')),
    },
  };
}

/** The settled file in the program's own types. */
export function toConfig(settled: SettledFile): Config {
  const { storage, retention } = settled;
  return {
    instances: settled.instances.map(toInstance),
    storage: {
      basePath: storage.base_path,
      compression: storage.compression,
      compressionLevel: storage.compression_level,
      checksumAlgorithm: storage.checksum_algorithm,
    },
    retention: {
      hourly: retention.hourly,
      daily: retention.daily,
      weekly: retention.weekly,
      monthly: retention.monthly,
      yearly: retention.yearly,
      keepLast: retention.keep_last,
      keepWithinMs: durationMs(retention.keep_within),
      timezone: retention.timezone,
    },
    health: toHealth(settled.health),
    metrics: settled.metrics,
    hooks: toHooks(settled.hooks),
    notify: toNotify(settled.notify),
    logging: settled.logging,
    secrets: settled.secrets,
    security: { keyFile: settled.security.key_file, runAs: settled.security.run_as },
    dryRun: settled.dry_run,
  };
}

function toInstance(instance: SettledFile['instances'][number]): InstanceConfig {
  const { host = '', socket, port } = instance;
  return {
    id: instance.id,
    type: instance.type,
    endpoint: socket === undefined ? { host, port } : { socket, port },
    credential: instance.credential,
    user: instance.user,
    databases: instance.databases,
    excludeDatabases: instance.exclude_databases,
    accounts: instance.accounts,
    tls: instance.ssl,
    connectTimeoutMs: instance.connect_timeout * 1000,
    lockWaitSeconds: instance.lock_wait_timeout,
    connectRetries: instance.connect_retries,
    dumpLimits: { silenceSeconds: instance.dump_silence_timeout, totalSeconds: instance.dump_timeout },
  };
}

function optional<Key extends string>(
  key: Key,
  value: string | undefined,
  change: (value: string) => string,
): Partial<Record<Key, string>> {
  return value === undefined ? {} : ({ [key]: change(value) } as Partial<Record<Key, string>>);
}
