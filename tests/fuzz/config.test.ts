import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fieldsOf, configJsonSchema } from '../../src/config/json-schema.ts';
import { loadConfig } from '../../src/config/load.ts';
import { VyaError } from '../../src/errors.ts';
import { temporaryDirectory } from '../config/temporary.ts';

/** Loads a configuration: what it said when it refused it, or undefined. Anything but a refusal in words is a bug. */
async function refusal(
  directory: string,
  text: string,
  env: NodeJS.ProcessEnv = {},
): Promise<string | undefined> {
  writeFileSync(join(directory, 'config/config.yaml'), text, { mode: 0o600 });
  try {
    await loadConfig({
      env,
      cwd: directory,
      homedir: directory,
      uid: 0,
      systemPath: join(directory, 'none'),
    });
    return undefined;
  } catch (error) {
    if (error instanceof VyaError && error.kind === 'configuration' && error.hint) return error.message;
    throw error;
  }
}

const fields = fieldsOf(configJsonSchema()).map(({ path }) => path.replaceAll('[]', '.0'));
const oddKeys = [
  '__proto__',
  'constructor',
  'toString',
  'hasOwnProperty',
  '',
  '0',
  'instances',
  'id',
  'host',
];
const oddValues = [
  '',
  ' ',
  '\0',
  '*',
  '~',
  '../..',
  'mysql',
  'db1',
  '24h',
  '0',
  'UTC',
  '[',
  '{{',
  '💾',
  'x'.repeat(300),
];
const leaf = fc.oneof(
  fc.constantFrom<unknown>(...oddValues, null, true, 0, -1, 3306, 1e21, 0.5, '3306', [], {}),
  fc.string(),
  fc.double(),
  fc.integer(),
);
const anything = fc.anything({
  key: fc.oneof(fc.constantFrom(...oddKeys), fc.string()),
  values: [leaf],
  maxDepth: 4,
});
const valid = {
  instances: [{ id: 'prod', type: 'mysql', host: 'db1', databases: ['shop'], ssl: { mode: 'require' } }],
  storage: { base_path: '/var/backups/vya' },
  retention: { daily: 7, timezone: 'UTC' },
};

/** The valid configuration with something else at one place, whether it is there or not. */
function changedAt(path: string, value: unknown): unknown {
  const copy: Record<string, unknown> = structuredClone(valid);
  const parts = path.split('.');
  let parent = copy;
  for (const part of parts.slice(0, -1)) {
    if (typeof parent[part] !== 'object' || parent[part] === null) parent[part] = {};
    parent = parent[part] as Record<string, unknown>;
  }
  Object.defineProperty(parent, parts.at(-1) as string, {
    value,
    enumerable: true,
    configurable: true,
    writable: true,
  });
  return copy;
}

describe('a configuration', () => {
  it('with any text in it is taken, or refused in words', async () => {
    const directory = temporaryDirectory({ 'config/config.yaml': '' });
    const piece = fc.oneof(
      fc.constantFrom(
        'instances:',
        '\n',
        '  ',
        '- ',
        ': ',
        '&a ',
        '*a',
        '!!int ',
        '|',
        '>',
        '"',
        "'",
        '{',
        '}',
        '[',
        ']',
        '#',
        '?',
        '<<: ',
        '%YAML 1.1',
        '---',
        '...',
        '\t',
        'id: x',
        'type: mysql',
        'host: y',
        'storage:',
      ),
      fc.string({ unit: 'binary', maxLength: 5 }),
    );
    const text = fc.array(piece, { maxLength: 30 }).map((pieces) => pieces.join(''));
    await fc.assert(
      fc.asyncProperty(text, async (yaml) => {
        const said = await refusal(directory, yaml);
        // Every problem is told at its place: a line, or a path.
        for (const line of said?.split('\n  - ').slice(1) ?? []) expect(line).toMatch(/\S/);
      }),
      { numRuns: 1_500 },
    );
  });

  it('with anything at any place is taken, or refused with that place', async () => {
    const directory = temporaryDirectory({ 'config/config.yaml': '' });
    const place = fc.oneof(
      fc.constantFrom(...fields),
      fc.constantFrom(...oddKeys),
      fc
        .constantFrom(...fields, '')
        .chain((path) => fc.constantFrom(...oddKeys).map((key) => `${path}.${key}`)),
    );
    await fc.assert(
      fc.asyncProperty(place, fc.oneof(leaf, anything), async (path, value) => {
        const said = await refusal(directory, JSON.stringify(changedAt(path, value)));
        if (said === undefined) return;
        // A list without an entry is no mistake of a place: nobody has named a server yet.
        if (said.endsWith('names no database server yet')) {
          expect(path).toBe('instances');
          return;
        }
        const lines = said.split('\n  - ').slice(1);
        expect(lines.length).toBeGreaterThan(0);
        for (const line of lines) expect(line).toMatch(/line \d+|^\S+ /);
      }),
      { numRuns: 2_000 },
    );
  });

  it('with any environment is taken, or refused with the variable', async () => {
    const directory = temporaryDirectory({ 'config/config.yaml': '' });
    const names = fields.map((path) => `VYA_${path.toUpperCase().replaceAll('.', '__')}`);
    const name = fc.oneof(
      fc.constantFrom(
        ...names,
        'VYA_DRY_RUN',
        'VYA_LOG_LEVEL',
        'VYA_INSTANCES',
        'VYA_INSTANCES__1',
        'VYA_INSTANCES__99__ID',
        'VYA_STORAGE',
        'VYA_RETENTION____PROTO__',
        'VYA___PROTO__',
        'VYA_CONSTRUCTOR',
        'VYA_STORAGE__CONSTRUCTOR',
      ),
      fc
        .string({ unit: fc.constantFrom('_', '__', 'A', '0', 'STORAGE', 'INSTANCES') })
        .map((rest) => `VYA_${rest}`),
    );
    const value = fc.oneof(
      fc.constantFrom(
        ...oddValues.map((each) => each.replaceAll('\0', '')),
        '[1',
        '{"a":',
        '&a *a',
        '!!binary x',
        '[*a]',
        '{__proto__: 1}',
      ),
      fc.string().map((each) => each.replaceAll('\0', '')),
    );
    await fc.assert(
      fc.asyncProperty(fc.dictionary(name, value, { maxKeys: 3 }), async (env) => {
        const { VYA_CONFIG_PATH: _path, ...others } = env;
        const said = await refusal(directory, JSON.stringify(valid), others);
        if (said !== undefined) expect(said).toMatch(/VYA_|\S+ must|line \d+/);
      }),
      { numRuns: 2_000 },
    );
    expect(({} as Record<string, unknown>)['1']).toBeUndefined();
  });
});
