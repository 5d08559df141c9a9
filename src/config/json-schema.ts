import * as z from 'zod';
import { configSchema } from './schema.ts';

/** The part of JSON Schema that the configuration's schema consists of. */
export interface SchemaNode {
  type?: string;
  description?: string;
  default?: unknown;
  examples?: unknown[];
  enum?: unknown[];
  minimum?: number;
  maximum?: number;
  anyOf?: SchemaNode[];
  properties?: Record<string, SchemaNode>;
  required?: string[];
  items?: SchemaNode;
}

/** One key of the configuration. `instances[].ssl.mode` names a key inside each element of a list. */
export interface Field {
  path: string;
  node: SchemaNode;
  required: boolean;
}

/** The configuration file's JSON Schema (draft 2020-12), for editors. */
export function configJsonSchema(): SchemaNode & Record<string, unknown> {
  const { $schema, ...rest } = z.toJSONSchema(configSchema, {
    io: 'input',
    // zod leaves examples out wherever a value is transformed.
    override: ({ zodSchema, jsonSchema }) => {
      const examples = z.globalRegistry.get(zodSchema)?.['examples'];
      if (Array.isArray(examples)) jsonSchema.examples = examples;
    },
  });
  const title = { title: 'vya configuration', description: 'Configuration file of the backup tool vya.' };
  return { $schema, ...title, ...rest } as SchemaNode & Record<string, unknown>;
}

/** The schema at a path of keys and list indexes, or undefined where the schema knows no such place. */
export function schemaAt(root: SchemaNode, path: readonly PropertyKey[]): SchemaNode | undefined {
  let node: SchemaNode | undefined = root;
  for (const part of path) {
    if (node.items && typeof part === 'number') node = node.items;
    else if (node.properties && Object.hasOwn(node.properties, part)) node = node.properties[String(part)];
    else return undefined;
    if (!node) return undefined;
  }
  return node;
}

/** Every key that holds a value of its own, in the schema's order, with the keys that hold others left out. */
export function fieldsOf(root: SchemaNode, prefix = ''): Field[] {
  return Object.entries(root.properties ?? {}).flatMap(([key, node]) => {
    const inner = node.items ?? node;
    const path = `${prefix}${key}`;
    if (inner.properties) return fieldsOf(inner, node.items ? `${path}[].` : `${path}.`);
    return [{ path, node, required: root.required?.includes(key) ?? false }];
  });
}
