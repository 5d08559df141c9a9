import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { loadConfig, type LoadedConfig } from '../../src/config/load.ts';
import type { VyaError } from '../../src/errors.ts';
import { temporaryDirectory } from './temporary.ts';

const file = `
instances:
  - { id: a, type: mysql, host: db1, databases: [x] }
  - { id: b, type: postgresql, host: db2 }
storage: { base_path: /from/file, compression_level: 5 }
logging: { level: ERROR }
`;

async function load(env: Record<string, string>): Promise<LoadedConfig & { cwd: string }> {
  const cwd = temporaryDirectory({ 'config/config.yaml': file });
  return { ...(await loadConfig({ env, cwd, homedir: cwd })), cwd };
}

async function problems(env: Record<string, string>): Promise<string[]> {
  const error = await load(env).then(
    () => undefined,
    (reason: unknown) => reason as VyaError,
  );
  expect(error?.kind).toBe('configuration');
  return (error?.message ?? '').split('\n  - ').slice(1);
}

describe('a VYA_ variable', () => {
  it('goes before the file, and the file before the default', async () => {
    const { config } = await load({ VYA_STORAGE__BASE_PATH: '/from/environment' });
    expect(config.storage).toMatchObject({
      basePath: '/from/environment',
      compressionLevel: 5,
      compression: 'zstd',
    });
  });

  it('sets numbers, switches, lists and durations', async () => {
    const { config } = await load({
      VYA_STORAGE__COMPRESSION_LEVEL: '7',
      VYA_RETENTION__KEEP_WITHIN: '7d',
      VYA_RETENTION__DAILY: '30',
      VYA_INSTANCES__0__DATABASES: '[shop, "crm_*"]',
      VYA_INSTANCES__0__EXCLUDE_DATABASES: '["a","b"]',
      VYA_DRY_RUN: 'true',
    });
    expect(config.storage.compressionLevel).toBe(7);
    expect(config.retention).toMatchObject({ keepWithinMs: 604_800_000, daily: 30 });
    expect(config.instances[0]).toMatchObject({ databases: ['shop', 'crm_*'], excludeDatabases: ['a', 'b'] });
    expect(config.dryRun).toBe(true);
  });

  it('keeps text that looks like a number as text', async () => {
    expect((await load({ VYA_INSTANCES__0__USER: '007' })).config.instances[0]?.user).toBe('007');
  });

  it.each([
    ['1', true],
    ['yes', true],
    ['on', true],
    ['0', false],
    ['no', false],
    ['false', false],
  ])('VYA_DRY_RUN=%s is %s', async (text, value) => {
    expect((await load({ VYA_DRY_RUN: text })).config.dryRun).toBe(value);
  });

  it('reaches elements of a list by index, and may add the next one', async () => {
    const { config } = await load({
      VYA_INSTANCES__1__PORT: '6432',
      VYA_INSTANCES__2__ID: 'c',
      VYA_INSTANCES__2__TYPE: 'mariadb',
      VYA_INSTANCES__2__HOST: 'db3',
    });
    expect(config.instances.map(({ id, endpoint }) => [id, endpoint.port])).toEqual([
      ['a', 3306],
      ['b', 6432],
      ['c', 3306],
    ]);
  });

  it('may hold a whole list or group as YAML or JSON, and a deeper one goes before it', async () => {
    const { config } = await load({
      VYA_LOGGING__FORMAT: 'json',
      VYA_LOGGING: '{ level: DEBUG, format: text }',
      VYA_INSTANCES: '[{"id": "only", "type": "mysql", "host": "h"}]',
      VYA_INSTANCES__0__HOST: 'other',
    });
    expect(config.logging).toMatchObject({ level: 'DEBUG', format: 'json' });
    expect(config.instances).toHaveLength(1);
    expect(config.instances[0]).toMatchObject({ id: 'only', endpoint: { host: 'other' } });
  });

  it('has short forms, which the long form goes before', async () => {
    const { config, overriddenBy } = await load({
      VYA_LOG_LEVEL: 'debug',
      VYA_SECRETS_PATH: '/run/secrets/c.json',
    });
    expect(config.logging.level).toBe('DEBUG');
    expect(config.secrets.path).toBe('/run/secrets/c.json');
    expect(overriddenBy.toSorted()).toEqual(['VYA_LOG_LEVEL', 'VYA_SECRETS_PATH']);
    const both = await load({ VYA_LOGGING__LEVEL: 'WARNING', VYA_LOG_LEVEL: 'debug' });
    expect(both.config.logging.level).toBe('WARNING');
  });

  it('counts as not set when it is empty', async () => {
    expect((await load({ VYA_STORAGE__BASE_PATH: '', VYA_LOG_LEVEL: '' })).config.storage.basePath).toBe(
      '/from/file',
    );
  });

  it('gives paths relative to the working directory', async () => {
    const { config, cwd } = await load({
      VYA_STORAGE__BASE_PATH: 'here',
      VYA_LOGGING: '{ output: there.log }',
    });
    expect(config.storage.basePath).toBe(join(cwd, 'here'));
    expect(config.logging.output).toBe(join(cwd, 'there.log'));
  });

  it("is nobody's business where it names nothing of vya's", async () => {
    const { config, warnings } = await load({
      VYA_PORT: 'tcp://10.0.0.1:80',
      VYA_SERVICE_HOST: '10.0.0.1',
      VYA_STORAGE_PORT_80_TCP: 'tcp://10.0.0.2:80',
      VYA_CONFIG_PATH: '',
      VYA_SECRET_KEY: 'x',
      vya_storage__base_path: '/lower',
    });
    expect(config.storage.basePath).toBe('/from/file');
    expect(warnings).toEqual([]);
  });

  it('is warned about where its first part is nearly a key', async () => {
    const { warnings } = await load({ VYA_STORGE__BASE_PATH: '/x', VYA_OTHER__THING: 'y' });
    expect(warnings).toEqual(['VYA_STORGE__BASE_PATH is ignored: there is no storge; did you mean storage?']);
  });

  it('is an error where a later part is unknown, with the nearest key', async () => {
    expect(
      await problems({
        VYA_STORAGE__BASEPATH: '/x',
        VYA_INSTANCES__PROD__HOST: 'h',
        VYA_LOGGING__LEVEL__X: '1',
        VYA_INSTANCES__7__HOST: 'h',
      }),
    ).toEqual([
      'VYA_STORAGE__BASEPATH: basepath is not a known key; did you mean base_path?',
      'VYA_INSTANCES__PROD__HOST: needs the number of a list element in place of prod',
      'VYA_LOGGING__LEVEL__X: logging.level has no keys of its own',
      'instances[7].host (VYA_INSTANCES__7__HOST) there is no element 7: the next one is 2',
    ]);
  });

  it('is named when its value is wrong', async () => {
    expect(
      await problems({
        VYA_STORAGE__COMPRESSION: 'zip',
        VYA_INSTANCES__0__PORT: 'x',
        VYA_RETENTION: '{ daily: [',
      }),
    ).toEqual([
      expect.stringMatching(/^VYA_RETENTION: cannot be read as YAML or JSON: /),
      'instances[0].port (VYA_INSTANCES__0__PORT) must be a number, but is "x"',
      expect.stringMatching(
        /^storage\.compression \(VYA_STORAGE__COMPRESSION\) must be one of zstd, gzip, none/,
      ),
    ]);
  });
});
