import { describe, expect, it } from 'vitest';
import { instanceSchema } from '../../src/config/instance.ts';
import { parseDuration } from '../../src/config/duration.ts';
import { retentionSchema } from '../../src/config/retention.ts';
import { configSchema, loggingSchema, securitySchema, storageSchema } from '../../src/config/schema.ts';

const server = { id: 'prod', type: 'mysql', host: 'db1' };

/** The places that a schema finds wrong, as `port`, `ssl.ca`. */
function wrong(
  schema: { safeParse(value: unknown): { error?: { issues: { path: PropertyKey[] }[] } } },
  value: unknown,
) {
  return (schema.safeParse(value).error?.issues ?? []).map(({ path }) => path.map(String).join('.'));
}

describe('a database instance', () => {
  it('gets its defaults', () => {
    expect(instanceSchema.parse(server)).toEqual({
      ...server,
      databases: [],
      exclude_databases: [],
      accounts: true,
      ssl: { mode: 'prefer' },
      connect_timeout: 10,
      lock_wait_timeout: 60,
      connect_retries: 3,
      dump_silence_timeout: 1800,
      dump_timeout: 0,
    });
  });

  it.each([
    ['mysql', 'mysql'],
    ['mariadb', 'mysql'],
    ['postgresql', 'postgresql'],
    ['postgres', 'postgresql'],
  ])('of type %s is understood as %s', (spelling, type) => {
    expect(instanceSchema.parse({ ...server, type: spelling }).type).toBe(type);
  });

  it.each(['oracle', 'MySQL', '', 3])('of type %s is refused', (type) => {
    expect(wrong(instanceSchema, { ...server, type })).toEqual(['type']);
  });

  it.each(['a', '0', 'prod-mysql-01', 'a.b_c-d', 'x'.repeat(64)])('may be called %s', (id) => {
    expect(wrong(instanceSchema, { ...server, id })).toEqual([]);
  });

  it.each(['', 'A', '.a', '-a', '_a', 'a/b', '..', 'a b', 'ä', 'a\n', 'x'.repeat(65), '@accounts'])(
    'may not be called %j',
    (id) => expect(wrong(instanceSchema, { ...server, id })).toEqual(['id']),
  );

  it.each([1, 3306, 65535])('may listen on port %i', (port) => {
    expect(wrong(instanceSchema, { ...server, port })).toEqual([]);
  });

  it.each([0, 65536, -1, 3306.5, '3306', null])('may not listen on port %s', (port) => {
    expect(wrong(instanceSchema, { ...server, port })).toEqual(['port']);
  });

  it.each([
    'localhost',
    'db1.example.internal',
    '192.0.2.15',
    '::1',
    'fe80::1%eth0',
    'my_db',
    '::ffff:192.0.2.1',
  ])('may be on host %s', (host) => expect(wrong(instanceSchema, { ...server, host })).toEqual([]));

  it.each(['', '/run/mysqld', 'db:3306', 'host=x', 'postgresql://x', '-h', 'a b', '[::1]', 'a,b'])(
    'may not be on host %j (F34)',
    (host) => expect(wrong(instanceSchema, { ...server, host })).toEqual(['host']),
  );

  it('has a host or a socket, one of the two', () => {
    expect(wrong(instanceSchema, { id: 'a', type: 'mysql' })).toEqual(['host']);
    expect(wrong(instanceSchema, { ...server, socket: '/run/x.sock' })).toEqual(['socket']);
    expect(wrong(instanceSchema, { id: 'a', type: 'mysql', socket: '/run/x.sock' })).toEqual([]);
  });

  it('has a credential or a user without a password, not both', () => {
    expect(wrong(instanceSchema, { ...server, credential: 'c', user: 'u' })).toEqual(['user']);
    expect(wrong(instanceSchema, { ...server, credential: 'c' })).toEqual([]);
    expect(wrong(instanceSchema, { ...server, user: 'u' })).toEqual([]);
  });

  it('needs authorities to verify against, and a certificate together with its key', () => {
    expect(wrong(instanceSchema, { ...server, ssl: { mode: 'verify-full' } })).toEqual(['ssl.ca']);
    expect(wrong(instanceSchema, { ...server, ssl: { mode: 'verify-ca', ca: 'ca.pem' } })).toEqual([]);
    expect(wrong(instanceSchema, { ...server, ssl: { cert: 'c.pem' } })).toEqual(['ssl.key']);
    expect(wrong(instanceSchema, { ...server, ssl: { key: 'k.pem' } })).toEqual(['ssl.cert']);
    expect(wrong(instanceSchema, { ...server, ssl: { mode: 'VERIFY_IDENTITY' } })).toEqual(['ssl.mode']);
  });

  it('reports rules across fields beside wrong fields', () => {
    const found = wrong(instanceSchema, { ...server, socket: '/s', port: 0, credential: 'c', user: 'u' });
    expect(found.toSorted()).toEqual(['port', 'socket', 'user']);
  });
});

describe('storage', () => {
  it('gets its defaults', () => {
    expect(storageSchema.parse({})).toEqual({
      base_path: '/var/backups/vya',
      compression: 'zstd',
      compression_level: 2,
      checksum_algorithm: 'sha256',
    });
  });

  it.each([
    ['compression', 'zstd', 'lz4'],
    ['compression', 'gzip', 'gz'],
    ['compression', 'none', false],
    ['compression_level', 1, 0],
    ['compression_level', 9, 10],
    ['compression_level', 5, 2.5],
    ['checksum_algorithm', 'md5', 'sha1'],
    ['base_path', 'backups', ''],
    ['base_path', '/srv/b', '~/backups'],
  ])('takes %s %j and not %j', (key, good, bad) => {
    expect(wrong(storageSchema, { [key]: good })).toEqual([]);
    expect(wrong(storageSchema, { [key]: bad })).toEqual([key]);
  });
});

describe('retention', () => {
  it('keeps 7 days, 4 weeks and 12 months by default, and the recent ones whatever happens', () => {
    expect(retentionSchema.parse({})).toEqual({
      hourly: 0,
      daily: 7,
      weekly: 4,
      monthly: 12,
      yearly: 0,
      keep_last: 3,
      keep_within: '24h',
    });
  });

  it.each(['hourly', 'daily', 'weekly', 'monthly', 'yearly', 'keep_last'])(
    'takes whole numbers for %s',
    (rule) => {
      for (const bad of [-1, 1.5, '7', null]) expect(wrong(retentionSchema, { [rule]: bad })).toEqual([rule]);
      expect(wrong(retentionSchema, { [rule]: 5 })).toEqual([]);
    },
  );

  it.each([
    ['90m', 5_400_000],
    ['24h', 86_400_000],
    ['7d', 604_800_000],
    ['2w', 1_209_600_000],
    ['0', 0],
  ])('reads %s as %i milliseconds', (text, milliseconds) => expect(parseDuration(text)).toBe(milliseconds));

  it.each(['', '24', '24 h', 'h', '-1d', '1.5h', '1y', '24H'])('does not take %j for a duration', (text) => {
    expect(parseDuration(text)).toBeUndefined();
    expect(wrong(retentionSchema, { keep_within: text })).toEqual(['keep_within']);
  });

  const off = { daily: 0, weekly: 0, monthly: 0, keep_last: 0 };
  it.each([0, '0', '0h', '000d'])('refuses all rules off (keep_within %j)', (keepWithin) => {
    expect(wrong(retentionSchema, { ...off, keep_within: keepWithin })).toEqual(['']);
  });

  it('takes a single rule', () => {
    expect(wrong(retentionSchema, { ...off, keep_within: '1h' })).toEqual([]);
    expect(wrong(retentionSchema, { ...off, keep_within: 0, yearly: 1 })).toEqual([]);
  });

  it('takes names of time zones and nothing else', () => {
    for (const good of ['UTC', 'America/Sao_Paulo'])
      expect(wrong(retentionSchema, { timezone: good })).toEqual([]);
    for (const bad of ['Mars/Olympus', '+03:00', ''])
      expect(wrong(retentionSchema, { timezone: bad })).toEqual(['timezone']);
  });
});

describe('logging', () => {
  it.each([
    ['DEBUG', 'DEBUG'],
    ['info', 'INFO'],
    ['warn', 'WARNING'],
    ['WARNING', 'WARNING'],
    ['error', 'ERROR'],
    ['FATAL', 'CRITICAL'],
    ['critical', 'CRITICAL'],
  ])('understands level %s as %s', (spelling, level) => {
    expect(loggingSchema.parse({ level: spelling }).level).toBe(level);
  });

  it('gets its defaults, and refuses what it does not know', () => {
    expect(loggingSchema.parse({})).toEqual({ level: 'INFO', format: 'text', output: 'console' });
    expect(wrong(loggingSchema, { level: 'TRACE', format: 'xml', output: 1 })).toEqual([
      'level',
      'format',
      'output',
    ]);
  });
});

describe('the whole configuration', () => {
  it('needs an instance, and no two of one id', () => {
    expect(wrong(configSchema, {})).toEqual(['instances']);
    expect(wrong(configSchema, { instances: [] })).toEqual(['instances']);
    expect(wrong(configSchema, { instances: [server, { ...server, id: 'b' }, server] })).toEqual([
      'instances.2.id',
    ]);
  });

  it('finds a doubled id also where another field is wrong', () => {
    expect(wrong(configSchema, { instances: [server, { ...server, port: 0 }] })).toEqual([
      'instances.1.port',
      'instances.1.id',
    ]);
  });

  it('refuses unknown keys in every model', () => {
    const found = configSchema.safeParse({
      instances: [{ ...server, x: 1, ssl: { x: 1 } }],
      storage: { x: 1 },
      retention: { x: 1 },
      logging: { x: 1 },
      secrets: { x: 1 },
      security: { x: 1 },
      x: 1,
    });
    expect(found.error?.issues.map(({ code }) => code)).toEqual(Array<string>(8).fill('unrecognized_keys'));
  });

  it('may name a key file', () => {
    expect(securitySchema.parse({ key_file: 'key' })).toEqual({ key_file: 'key' });
    expect(wrong(securitySchema, { key_file: '' })).toEqual(['key_file']);
  });
});
