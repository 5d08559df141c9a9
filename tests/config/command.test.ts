import { spawnSync } from 'node:child_process';
import { chmodSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { configJsonSchema } from '../../src/config/json-schema.ts';
import { configSchema } from '../../src/config/schema.ts';
import { temporaryDirectory } from './temporary.ts';

const main = fileURLToPath(new URL('../../src/cli/main.ts', import.meta.url));
const minimal = 'instances: [{ id: prod, type: mariadb, host: db1 }]\n';

function vya(cwd: string, args: string[], env: Record<string, string> = {}) {
  return spawnSync(process.execPath, [main, ...args], {
    cwd,
    env: { PATH: process.env['PATH'] ?? '', HOME: cwd, ...env },
    encoding: 'utf8',
  });
}

describe('vya config validate', () => {
  it('says that a configuration is valid, and ends with 0', () => {
    const cwd = temporaryDirectory({ 'config/config.yaml': minimal });
    const { status, stdout, stderr } = vya(cwd, ['config', 'validate']);
    expect(stderr).toBe('');
    expect(status).toBe(0);
    expect(stdout).toContain(`${join(cwd, 'config/config.yaml')} is valid: prod.`);
  });

  it('lists every problem and ends with 3, in text and as one JSON document', () => {
    const cwd = temporaryDirectory({
      'c.yaml': 'instances: [{ id: prod, type: mysql, port: 0 }]\nloging: {}\n',
    });
    const text = vya(cwd, ['--config', 'c.yaml', 'config', 'validate']);
    expect(text.status).toBe(3);
    expect(text.stdout).toBe('');
    for (const problem of ['instances[0].port', 'instances[0].host', 'did you mean logging?'])
      expect(text.stderr).toContain(problem);
    const json = vya(cwd, ['--config', 'c.yaml', '--format', 'json', 'config', 'validate']);
    expect(json.status).toBe(3);
    expect(JSON.parse(json.stdout)).toMatchObject({
      status: 'error',
      error: { code: 3, kind: 'configuration' },
    });
  });

  it('ends with 3 where there is no configuration', () => {
    const { status, stderr } = vya(temporaryDirectory(), ['--config', 'none.yaml', 'config', 'validate']);
    expect(status).toBe(3);
    expect(stderr).toContain('none.yaml does not exist');
  });

  it('obeys no file that others may write when it runs as root', () => {
    const cwd = temporaryDirectory({ 'config/config.yaml': minimal });
    chmodSync(join(cwd, 'config/config.yaml'), 0o666);
    const { status } = vya(cwd, ['config', 'validate']);
    expect(status).toBe(process.getuid?.() === 0 ? 3 : 0);
  });

  it('warns about a variable that is nearly one of its own', () => {
    const cwd = temporaryDirectory({ 'config/config.yaml': minimal });
    const { status, stdout } = vya(cwd, ['config', 'validate'], { VYA_STORGE__BASE_PATH: '/x' });
    expect(status).toBe(0);
    expect(stdout).toContain('VYA_STORGE__BASE_PATH is ignored');
  });
});

describe('vya config show', () => {
  const env = { VYA_LOG_LEVEL: 'debug', VYA_SECRET_KEY: 'must-not-be-seen' };

  it('prints a configuration that is valid again, with defaults and environment, and no secrets', () => {
    const cwd = temporaryDirectory({ 'config/config.yaml': minimal });
    const { status, stdout } = vya(cwd, ['config', 'show'], env);
    expect(status).toBe(0);
    const shown = configSchema.parse(parse(stdout));
    expect(shown).toMatchObject({
      instances: [{ id: 'prod', type: 'mysql', port: 3306, credential: 'prod' }],
      logging: { level: 'DEBUG' },
      secrets: { path: join(cwd, '.secrets/credentials.json') },
    });
    expect(stdout).toContain('VYA_SECRET_KEY=********');
    expect(stdout).not.toContain('must-not-be-seen');
  });

  it('prints the same as JSON', () => {
    const cwd = temporaryDirectory({ 'config/config.yaml': minimal });
    const { stdout } = vya(cwd, ['--format', 'json', 'config', 'show'], env);
    expect(JSON.parse(stdout)).toMatchObject({ status: 'ok', config: { storage: { compression: 'zstd' } } });
    expect(stdout).not.toContain('must-not-be-seen');
  });
});

describe('vya config schema', () => {
  it('prints the JSON Schema, without a configuration', () => {
    const { status, stdout } = vya(temporaryDirectory(), ['config', 'schema']);
    expect(status).toBe(0);
    expect(JSON.parse(stdout)).toEqual(configJsonSchema());
  });
});
