/** Writes what is made from the configuration's schema: the example, the JSON Schema and the README's table. */
import { readFileSync, writeFileSync } from 'node:fs';
import { exampleYaml } from '../src/config/example.ts';
import { configJsonSchema } from '../src/config/json-schema.ts';
import { referenceTable, replaceReference } from '../src/config/reference.ts';

const root = new URL('../', import.meta.url);
const schema = configJsonSchema();

writeFileSync(new URL('config/config.example.yaml', root), exampleYaml(schema));
writeFileSync(new URL('config/config.schema.json', root), `${JSON.stringify(schema, null, 2)}\n`);
const readme = new URL('README.md', root);
writeFileSync(readme, replaceReference(readFileSync(readme, 'utf8'), referenceTable(schema)));
