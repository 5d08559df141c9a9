import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { exampleYaml } from '../../src/config/example.ts';
import { configJsonSchema, fieldsOf } from '../../src/config/json-schema.ts';
import { referenceTable, replaceReference } from '../../src/config/reference.ts';
import { configSchema } from '../../src/config/schema.ts';

const schema = configJsonSchema();
const committed = (path: string) => readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8');
describe('what `npm run docs` makes from the schema has not drifted:', () => {
  it('config/config.example.yaml', () => {
    expect(committed('config/config.example.yaml')).toBe(exampleYaml(schema));
  });

  it('config/config.schema.json', () => {
    expect(JSON.parse(committed('config/config.schema.json'))).toEqual(schema);
  });

  it("the README's table", () => {
    const readme = committed('README.md');
    expect(readme).toBe(replaceReference(readme, referenceTable(schema)));
  });
});

describe('the example', () => {
  const example = exampleYaml(schema);

  it('is valid', () => {
    expect(configSchema.safeParse(parse(example)).error?.issues ?? []).toEqual([]);
  });

  it('is valid with the commented sections taken in, and then shows every model', () => {
    const everything = example.replaceAll(/^# ( *#? ?[a-z_]+:.*)$/gm, '$1').replaceAll(/^# {3}(?=#)/gm, '  ');
    const parsed = configSchema.parse(parse(everything));
    expect(Object.keys(parsed).toSorted()).toEqual(Object.keys(configSchema.shape).toSorted());
    expect(parsed.secrets.path).toBeTruthy();
    expect(parsed.security.key_file).toBeTruthy();
  });
});

describe('the schema', () => {
  const fields = fieldsOf(schema);

  it('describes every key', () => {
    expect(fields.filter(({ node }) => !node.description).map(({ path }) => path)).toEqual([]);
  });

  it('has every key in the reference table', () => {
    const table = referenceTable(schema);
    expect(fields.length).toBeGreaterThan(30);
    for (const { path } of fields) expect(table).toContain(`| \`${path}\` |`);
  });

  it('shows the defaults that the program uses', () => {
    const parsed = configSchema.parse({ instances: [{ id: 'a', type: 'mysql', host: 'h' }] });
    for (const { path, node } of fields) {
      if (node.default === undefined) continue;
      const value = path
        .replace('[]', '.0')
        .split('.')
        .reduce<unknown>((at, key) => (at as Record<string, unknown>)[key], parsed);
      expect([path, value]).toEqual([path, node.default]);
    }
  });

  it('lets an editor see both spellings of a type, and host or socket', () => {
    const instance = schema.properties?.['instances']?.items as Record<string, unknown>;
    expect(instance['properties']).toMatchObject({
      type: { enum: ['mysql', 'postgresql', 'mariadb', 'postgres'] },
    });
    expect(instance['oneOf']).toEqual([{ required: ['host'] }, { required: ['socket'] }]);
  });

  it('refuses a text without the markers', () => {
    expect(() => replaceReference('# README', 'table')).toThrow('config-reference:start');
  });
});
