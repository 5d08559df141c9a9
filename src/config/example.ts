import { isMap, isScalar, isSeq, parseDocument, stringify, type YAMLMap } from 'yaml';
import type { SchemaNode } from './json-schema.ts';

const heading = `# The configuration of vya, with everything that it can hold.
# Made from the schema by \`npm run docs\`: change src/config, not this file.
# yaml-language-server: $schema=./config.schema.json
`;

/** The example configuration: values from the schema's examples and defaults, each key with its description above it. */
export function exampleYaml(schema: SchemaNode): string {
  const sections = Object.entries(schema.properties ?? {}).map(([key, node]) => {
    const value = exampleOf(node);
    const document = parseDocument(stringify({ [key]: value }, { lineWidth: 0 }));
    if (isMap(document.contents)) describeKeys(document.contents, { properties: { [key]: node } });
    const text = document.toString({ lineWidth: 0 });
    return onlySuggested(node) ? text.replaceAll(/^(?!#)/gm, '# ').replace(/# $/, '') : text;
  });
  return [heading, ...sections].join('\n');
}

function exampleOf(node: SchemaNode): unknown {
  if (node.examples?.[0] !== undefined) return node.examples[0];
  if (!node.properties) return node.default;
  const values = Object.entries(node.properties).map(([key, child]) => [key, exampleOf(child)] as const);
  return Object.fromEntries(values.filter(([, value]) => value !== undefined));
}

/** Sections of optional keys without a default: set only by those who need them, so the example shows them commented out. */
function onlySuggested(node: SchemaNode): boolean {
  const children = Object.values(node.properties ?? {});
  return children.length > 0 && children.every((child) => child.default === undefined);
}

/** Writes each key's description above it, once: later elements of a list stay bare. */
function describeKeys(map: YAMLMap, schema: SchemaNode, described = new Set<string>(), prefix = ''): void {
  for (const pair of map.items) {
    if (!isScalar(pair.key)) continue;
    const node = schema.properties?.[String(pair.key.value)];
    if (!node) continue;
    const path = `${prefix}.${String(pair.key.value)}`;
    if (node.description && !described.has(path)) pair.key.commentBefore = wrapped(node.description);
    described.add(path);
    if (isMap(pair.value)) describeKeys(pair.value, node, described, path);
    if (isSeq(pair.value) && node.items) {
      for (const item of pair.value.items) if (isMap(item)) describeKeys(item, node.items, described, path);
    }
  }
}

/** Lines of at most 100 characters. */
function wrapped(text: string): string {
  const lines: string[] = [];
  for (const word of text.split(' ')) {
    const last = lines.at(-1);
    if (last !== undefined && last.length + word.length < 100) lines[lines.length - 1] = `${last} ${word}`;
    else lines.push(` ${word}`);
  }
  return lines.join('\n');
}
