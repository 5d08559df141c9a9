import { parseDocument } from 'yaml';
import { schemaAt, type SchemaNode } from './json-schema.ts';
import { nearest } from '../model/nearest.ts';
import { formatPath, unknownKey, type Problem } from './problems.ts';

/** A value of the environment that goes before the file's. */
export interface Override {
  name: string;
  path: (string | number)[];
  value: unknown;
}

export interface EnvironmentSettings {
  overrides: Override[];
  problems: (Problem & { name: string })[];
  /** Variables that are ignored although they look as if vya was meant. */
  warnings: string[];
}

const prefix = 'VYA_';
const shortForms: Record<string, string[]> = {
  VYA_LOG_LEVEL: ['logging', 'level'],
  VYA_SECRETS_PATH: ['secrets', 'path'],
};

/**
 * The `VYA_` variables that set something: parts of a path with `__` between them, list elements by index. Lists and
 * groups are given as JSON or YAML. An empty value counts as not set. Other `VYA_` names are nobody's business.
 */
export function readEnvironment(env: NodeJS.ProcessEnv, schema: SchemaNode): EnvironmentSettings {
  const settings: EnvironmentSettings = { overrides: [], problems: [], warnings: [] };
  const roots = Object.keys(schema.properties ?? {});
  for (const [name, text] of Object.entries(env)) {
    if (!name.startsWith(prefix) || !text) continue;
    const path = shortForms[name] ?? pathOf(name);
    if (!roots.includes(String(path[0]))) {
      const near = path.length > 1 ? nearest(String(path[0]), roots) : undefined;
      if (near) settings.warnings.push(`${name} is ignored: there is no ${path[0]}; did you mean ${near}?`);
      continue;
    }
    const outcome = readValue(path, text, schema);
    if ('message' in outcome) settings.problems.push({ ...outcome, name });
    else settings.overrides.push({ name, path, value: outcome.value });
  }
  settings.overrides.sort((a, b) => byPath(a, b));
  return settings;
}

/** Sets the overrides in a copy of `content`. An index may name an element that is there, or the next one. */
export function applyOverrides(
  content: unknown,
  overrides: readonly Override[],
): { content: unknown; problems: Problem[] } {
  const problems: Problem[] = [];
  const root: Container = { '': structuredClone(content) };
  for (const { path, value } of overrides) {
    let parent = root;
    let key: string | number = '';
    for (const part of path) {
      const child = containerFor(parent[key], part);
      parent[key] = child;
      if (Array.isArray(child) && Number(part) > child.length) {
        problems.push({ path, message: `there is no element ${part}: the next one is ${child.length}` });
        break;
      }
      parent = child as Container;
      key = part;
    }
    if (problems.at(-1)?.path !== path) parent[key] = value;
  }
  return { content: root[''], problems };
}

type Container = Record<string | number, unknown>;

/** The list or group itself where it is one already, else a new one: what was there before is replaced. */
function containerFor(present: unknown, part: string | number): Container | unknown[] {
  if (typeof part === 'number') return Array.isArray(present) ? (present as unknown[]) : [];
  const group = typeof present === 'object' && present !== null && !Array.isArray(present);
  return group ? (present as Container) : {};
}

function pathOf(name: string): (string | number)[] {
  const parts = name.slice(prefix.length).toLowerCase().split('__');
  return parts.map((part) => (/^\d{1,6}$/.test(part) ? Number(part) : part));
}

function readValue(
  path: readonly (string | number)[],
  text: string,
  schema: SchemaNode,
): { value: unknown } | Problem {
  for (const [depth, part] of path.entries()) {
    const parent = schemaAt(schema, path.slice(0, depth));
    if (schemaAt(schema, path.slice(0, depth + 1))) continue;
    if (parent?.items) return { path, message: `needs the number of a list element in place of ${part}` };
    if (!parent?.properties)
      return { path, message: `${formatPath(path.slice(0, depth))} has no keys of its own` };
    return { path, message: `${part} ${unknownKey(String(part), path.slice(0, depth), schema)}` };
  }
  const node = schemaAt(schema, path);
  if (node?.type === 'string') return { value: text };
  if (node?.type === 'boolean' && text in booleans) return { value: booleans[text as keyof typeof booleans] };
  const unreadable = (reason: string): Problem => ({
    path,
    message: `cannot be read as YAML or JSON: ${reason}`,
  });
  const document = parseDocument(text, { prettyErrors: false, logLevel: 'error' });
  const fault = document.errors[0];
  if (fault) return unreadable(fault.message);
  try {
    return { value: document.toJS() as unknown };
  } catch (error) {
    // An alias without its anchor is noticed only here.
    return unreadable((error as Error).message);
  }
}

const booleans = {
  true: true,
  yes: true,
  on: true,
  '1': true,
  false: false,
  no: false,
  off: false,
  '0': false,
};

/** Whole lists and groups before their parts, elements in order; the long form after the short one, so that it counts. */
function byPath(a: Override, b: Override): number {
  for (const [depth, part] of a.path.entries()) {
    const other = b.path[depth];
    if (other === undefined) return 1;
    if (part === other) continue;
    if (typeof part === 'number' && typeof other === 'number') return part - other;
    return String(part) < String(other) ? -1 : 1;
  }
  return (
    a.path.length - b.path.length ||
    Number(a.name in shortForms ? 0 : 1) - Number(b.name in shortForms ? 0 : 1)
  );
}
