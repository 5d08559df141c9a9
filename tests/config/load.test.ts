import { chmodSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { loadConfig, type LoadedConfig } from '../../src/config/load.ts';
import { defaultSecretsPath } from '../../src/config/resolve.ts';
import type { VyaError } from '../../src/errors.ts';
import { temporaryDirectory } from './temporary.ts';

const minimal = 'instances: [{ id: prod, type: mysql, host: db1 }]\n';

/** Loads `yaml` as `<directory>/config/config.yaml`, found from the working directory. */
async function load(
  yaml: string,
  env: Record<string, string> = {},
  uid = 1000,
): Promise<LoadedConfig & { cwd: string }> {
  const cwd = temporaryDirectory({ 'config/config.yaml': yaml });
  const loaded = await loadConfig({ env, cwd, homedir: cwd, uid, systemPath: join(cwd, 'none') });
  return { ...loaded, cwd };
}

async function failure(work: Promise<unknown>): Promise<VyaError> {
  const error = await work.then(
    () => undefined,
    (reason: unknown) => reason as VyaError,
  );
  if (!error) throw new Error('it did not fail');
  expect(error.kind).toBe('configuration');
  expect(error.hint).toBeTruthy();
  return error;
}

/** The problems of a configuration, each without its dash. */
async function problems(yaml: string, env: Record<string, string> = {}): Promise<string[]> {
  const { message } = await failure(load(yaml, env));
  return message.split('\n  - ').slice(1);
}

describe('finding the file', () => {
  it('takes --config before VYA_CONFIG_PATH before ./config before XDG before /etc/vya', async () => {
    const cwd = temporaryDirectory({
      'flag.yaml': minimal,
      'variable.yaml': minimal,
      'config/config.yaml': minimal,
      'xdg/vya/config.yaml': minimal,
      'home/.config/vya/config.yaml': minimal,
      'etc/config.yaml': minimal,
    });
    const base = { cwd, homedir: join(cwd, 'home'), systemPath: join(cwd, 'etc/config.yaml') };
    const variable = { VYA_CONFIG_PATH: 'variable.yaml', XDG_CONFIG_HOME: join(cwd, 'xdg') };
    const xdg = { XDG_CONFIG_HOME: join(cwd, 'xdg') };
    const elsewhere = join(cwd, 'elsewhere');
    const found = async (options: Parameters<typeof loadConfig>[0]) => (await loadConfig(options)).path;
    expect(await found({ ...base, env: variable, flagPath: 'flag.yaml' })).toBe(join(cwd, 'flag.yaml'));
    expect(await found({ ...base, env: variable })).toBe(join(cwd, 'variable.yaml'));
    expect(await found({ ...base, env: xdg })).toBe(join(cwd, 'config/config.yaml'));
    expect(await found({ ...base, env: xdg, cwd: elsewhere })).toBe(join(cwd, 'xdg/vya/config.yaml'));
    expect(await found({ ...base, env: {}, cwd: elsewhere })).toBe(join(cwd, 'home/.config/vya/config.yaml'));
    expect(await found({ ...base, env: {}, cwd: elsewhere, homedir: elsewhere })).toBe(
      join(cwd, 'etc/config.yaml'),
    );
  });

  it('does not go on to the next place when the one that was named is missing', async () => {
    const cwd = temporaryDirectory({ 'config/config.yaml': minimal });
    const base = { env: {}, cwd, homedir: cwd };
    expect((await failure(loadConfig({ ...base, flagPath: 'x.yaml' }))).message).toContain(
      join(cwd, 'x.yaml'),
    );
    const named = loadConfig({ ...base, env: { VYA_CONFIG_PATH: 'y.yaml' } });
    expect((await failure(named)).hint).toContain('VYA_CONFIG_PATH');
  });

  it('names every place that it looked at', async () => {
    const cwd = temporaryDirectory();
    const error = await failure(
      loadConfig({ env: {}, cwd, homedir: cwd, systemPath: join(cwd, 'etc.yaml') }),
    );
    for (const place of ['config/config.yaml', '.config/vya/config.yaml', 'etc.yaml'])
      expect(error.message).toContain(join(cwd, place));
  });

  it('says of a directory that it is one', async () => {
    const cwd = temporaryDirectory();
    mkdirSync(join(cwd, 'd'));
    const error = await failure(loadConfig({ env: {}, cwd, homedir: cwd, flagPath: 'd' }));
    expect(error.message).toContain('directory');
  });
});

describe('the loaded configuration', () => {
  it('has every default filled in', async () => {
    const { config, cwd } = await load(minimal);
    expect(config).toEqual({
      instances: [
        {
          id: 'prod',
          type: 'mysql',
          endpoint: { host: 'db1', port: 3306 },
          credential: undefined,
          user: undefined,
          databases: [],
          excludeDatabases: [],
          accounts: true,
          tls: { mode: 'prefer' },
          connectTimeoutMs: 10_000,
          lockWaitSeconds: 60,
          connectRetries: 3,
          dumpLimits: { silenceSeconds: 1800, totalSeconds: 0 },
        },
      ],
      storage: {
        basePath: '/var/backups/vya',
        compression: 'zstd',
        compressionLevel: 2,
        checksumAlgorithm: 'sha256',
      },
      retention: {
        hourly: 0,
        daily: 7,
        weekly: 4,
        monthly: 12,
        yearly: 0,
        keepLast: 3,
        keepWithinMs: 86_400_000,
        timezone: 'UTC',
      },
      health: {
        warningAgeMs: 26 * 3_600_000,
        criticalAgeMs: 50 * 3_600_000,
        shrinkPercent: 50,
        proofAgeMs: 0,
        fullWithinMs: 7 * 86_400_000,
      },
      hooks: {
        beforeRun: [],
        beforeDatabase: [],
        afterDatabase: [],
        onSuccess: [],
        onFailure: [],
        afterRun: [],
        timeoutMs: 300_000,
      },
      notify: { ping: undefined, webhook: undefined, mail: undefined },
      metrics: {},
      logging: { level: 'INFO', format: 'text', output: 'console' },
      secrets: { path: join(cwd, '.secrets/credentials.json') },
      security: { keyFile: undefined },
      dryRun: false,
    });
  });

  it.each([
    ['mariadb', 3306],
    ['postgres', 5432],
  ])('gives %s its own port', async (type, port) => {
    const { config } = await load(`instances: [{ id: a, type: ${type}, socket: /run/s }]`);
    expect(config.instances[0]?.endpoint).toEqual({ socket: '/run/s', port });
  });

  it('reads relative paths of the file from where the file is', async () => {
    const { config, cwd } = await load(`
instances:
  - { id: a, type: mysql, socket: s.sock, ssl: { mode: verify-ca, ca: ca.pem, cert: c.pem, key: ../k.pem } }
storage: { base_path: ../backups }
logging: { output: vya.log }
secrets: { path: creds.json }
security: { key_file: key }
`);
    expect(config.instances[0]).toMatchObject({
      endpoint: { socket: join(cwd, 'config/s.sock') },
      tls: { ca: join(cwd, 'config/ca.pem'), cert: join(cwd, 'config/c.pem'), key: join(cwd, 'k.pem') },
    });
    expect(config.storage.basePath).toBe(join(cwd, 'backups'));
    expect(config.logging.output).toBe(join(cwd, 'config/vya.log'));
    expect(config.secrets.path).toBe(join(cwd, 'config/creds.json'));
    expect(config.security.keyFile).toBe(join(cwd, 'config/key'));
  });

  it.each([
    ['/srv/vya/config/config.yaml', '/srv/vya/.secrets/credentials.json'],
    ['/etc/vya/config.yaml', '/etc/vya/secrets/credentials.json'],
    ['/home/me/.config/vya/config.yaml', '/home/me/.config/vya/.secrets/credentials.json'],
  ])('keeps the credentials of %s in %s', (config, credentials) => {
    expect(defaultSecretsPath(config)).toBe(credentials);
  });

  it("takes the machine's time zone where the file names none", async () => {
    const cwd = temporaryDirectory({ 'config/config.yaml': minimal });
    const { config } = await loadConfig({ env: {}, cwd, homedir: cwd, timezone: 'Asia/Tokyo' });
    expect(config.retention.timezone).toBe('Asia/Tokyo');
  });

  it('understands a JSON file, and an alias as a copy', async () => {
    const { config } = await load(
      'instances:\n  - { id: a, type: mysql, host: h, ssl: &tls { mode: require } }\n  - { id: b, type: mysql, host: h, ssl: *tls }\n',
      { VYA_INSTANCES__0__SSL__MODE: 'disable' },
    );
    expect(config.instances.map(({ tls }) => tls.mode)).toEqual(['disable', 'require']);
    expect(
      (await load('{"instances": [{"id": "a", "type": "mysql", "host": "h"}]}')).config.instances,
    ).toHaveLength(1);
  });
});

describe('what is wrong with a file', () => {
  it('is reported all at once, each with its path and line', async () => {
    expect(
      await problems(`instances:
  - id: prod
    type: oracle
    host: db1
    port: 70000
  - id: prod
    type: mysql
    databases:
storage:
  compression_level: 12
retention: { daily: -1 }
`),
    ).toEqual([
      'instances[0].type (line 3) must be one of mysql, postgresql, mariadb, postgres, but is "oracle"',
      'instances[0].port (line 5) must be at most 65535, but is 70000',
      'instances[1].databases (line 8) has no value: give a list, or remove the key',
      'instances[1].host (line 6) is missing: give host, or socket for a Unix socket',
      'storage.compression_level (line 10) must be at most 9, but is 12',
      'retention.daily (line 11) must be at least 0, but is -1',
      'instances[1].id (line 6) must be different for every instance: instances[0] is called prod as well',
    ]);
  });

  it('names the nearest known key for one that is unknown', async () => {
    expect(
      await problems(`
instances: [{ id: a, type: mysql, host: h, hots: x, excludeDatabases: [], ssl: { modus: require } }]
storage: { compresion: gzip }
loging: {}
base_path: /b
colour: red
`),
    ).toEqual([
      'instances[0].ssl.modus (line 2) is not a known key; did you mean mode?',
      'instances[0].hots (line 2) is not a known key; did you mean host?',
      'instances[0].excludeDatabases (line 2) is not a known key; did you mean exclude_databases?',
      'storage.compresion (line 3) is not a known key; did you mean compression?',
      'loging (line 4) is not a known key; did you mean logging?',
      'base_path (line 5) is not a known key here; did you mean storage.base_path?',
      'colour (line 6) is not a known key; known here: instances, storage, retention, health, hooks, notify, metrics, logging, secrets, security, dry_run',
    ]);
  });

  it('finds what a mail or a hook lacks', async () => {
    expect(
      await problems(`
instances: [{ id: a, type: mysql, host: h }]
notify:
  ping: { url: checks.example.org/x }
  mail: { on_failure: [dba@example.org, "a@b, c@d"] }
hooks: { before_run: [[]], after_run: [/bin/true] }
health: { warning_age: 1 day }
`),
    ).toEqual([
      'health.warning_age (line 7) must be a duration such as 90m, 24h, 7d or 2w, or 0',
      expect.stringMatching(/^hooks\.before_run\[0\] \(line 6\) /),
      expect.stringMatching(/^hooks\.after_run\[0\] \(line 6\) /),
      'notify.ping.url (line 4) must be an address that begins with https:// or http://',
      'notify.mail.on_failure[1] (line 5) must be one e-mail address, such as dba@example.org',
      'notify.mail.host (line 5) must be given: there are receivers',
    ]);
    expect(
      await problems(
        'instances: [{ id: a, type: mysql, host: h }]\nnotify: { mail: { on_failure: [a@b.c] } }\n',
      ),
    ).toEqual(['notify.mail.host (line 2) must be given: there are receivers']);
  });

  it('does not repeat a password that somebody wrote into it', async () => {
    const found = await problems('instances: [{ id: a, type: mysql, host: h, password: hunter2 }]');
    expect(found).toHaveLength(1);
    expect(found[0]).toContain('vya credentials set');
    expect(found[0]).not.toContain('hunter2');
  });

  it('is told in place of a parse where it is no YAML, with line and column', async () => {
    expect((await problems('instances:\n  - id: [a\n'))[0]).toMatch(/^line \d+, column \d+: /);
    expect((await problems('a: 1\na: 2\n'))[0]).toMatch(/^line 2, column 1: .*twice/);
    expect((await problems('instances: !secret x\n'))[0]).toMatch(/^line 1, column \d+: .*tag/);
  });

  it.each(['- a\n- b\n', 'just text', '42'])('is said of %j, which holds no keys', async (yaml) => {
    expect((await problems(yaml))[0]).toContain('must hold keys');
  });

  it.each(['# nothing yet\n', 'instances: []\n', 'storage: { base_path: /srv }\n'])(
    'is said of one that names no server yet, as a package leaves it: %j',
    async (yaml) => {
      const { message, hint } = await failure(load(yaml));
      expect(message).toMatch(/names no database server yet$/);
      expect(hint).toContain('Run vya init');
    },
  );

  it('is all said, also of one that names no server', async () => {
    expect(await problems('storage: { compression: lz4 }\n')).toHaveLength(2);
  });

  it('is said of text that is not UTF-8', async () => {
    const cwd = temporaryDirectory();
    const { writeFileSync } = await import('node:fs');
    writeFileSync(join(cwd, 'x.yaml'), Buffer.from([0x69, 0xe9, 0x3a]));
    const error = await failure(loadConfig({ env: {}, cwd, homedir: cwd, flagPath: 'x.yaml' }));
    expect(error.message).toContain('UTF-8');
  });

  it('is a name that YAML reads as a number', async () => {
    expect(await problems('instances: [{ id: 12, type: mysql, host: h }]')).toEqual([
      'instances[0].id (line 1) must be text, but is 12 (put it in quotes)',
    ]);
  });

  it('is told for an anchor that holds itself', async () => {
    expect(await problems('instances: &a [*a]\n')).toHaveLength(1);
  });
});

describe('permissions', () => {
  it.each([0o602, 0o620, 0o666])('refuse a file of mode %o to root', async (mode) => {
    const cwd = temporaryDirectory({ 'config/config.yaml': minimal });
    const path = join(cwd, 'config/config.yaml');
    chmodSync(path, mode);
    const error = await failure(loadConfig({ env: {}, cwd, homedir: cwd, uid: 0 }));
    expect(error.message).toContain('writable by others');
    expect(error.hint).toBe(`chmod go-w ${path}`);
    expect((await loadConfig({ env: {}, cwd, homedir: cwd, uid: 1000 })).path).toBe(path);
  });

  it('refuse a file in a directory in which anybody could exchange it', async () => {
    const cwd = temporaryDirectory({ 'config/config.yaml': minimal });
    chmodSync(join(cwd, 'config'), 0o777);
    const error = await failure(loadConfig({ env: {}, cwd, homedir: cwd, uid: 0 }));
    expect(error.hint).toBe(`chmod o-w ${join(cwd, 'config')}`);
  });

  it('let root read what others may only read', async () => {
    const cwd = temporaryDirectory({ 'config/config.yaml': minimal });
    chmodSync(join(cwd, 'config/config.yaml'), 0o644);
    expect((await loadConfig({ env: {}, cwd, homedir: cwd, uid: 0 })).config.instances).toHaveLength(1);
  });
});
