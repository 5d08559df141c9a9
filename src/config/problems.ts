import type * as z from 'zod';
import { fieldsOf, schemaAt, type SchemaNode } from './json-schema.ts';
import { nearest } from '../model/nearest.ts';

/** One thing that is wrong: the place in the configuration and what to say about it. */
export interface Problem {
  path: readonly PropertyKey[];
  message: string;
}

type Issue = z.core.$ZodIssue;

const plainTypes: Record<string, string> = {
  string: 'text',
  int: 'a whole number',
  number: 'a number',
  boolean: 'true or false',
  array: 'a list',
  object: 'a group of keys',
};

/** `instances[1].port` */
export function formatPath(path: readonly PropertyKey[]): string {
  return path
    .map((part, index) =>
      typeof part === 'number' ? `[${part}]` : `${index === 0 ? '' : '.'}${String(part)}`,
    )
    .join('');
}

/** What zod found, one problem for each, in plain words. `input` is the value that was parsed. */
export function problemsOf(issues: readonly Issue[], input: unknown, schema: SchemaNode): Problem[] {
  return issues.flatMap((issue) =>
    issue.code === 'unrecognized_keys'
      ? issue.keys.map((key) => ({
          path: [...issue.path, key],
          message: unknownKey(key, issue.path, schema),
        }))
      : [{ path: issue.path, message: describe(issue, valueAt(input, issue.path)) }],
  );
}

/** Names the nearest known key; for a key that belongs elsewhere the place, and for a password the command. */
export function unknownKey(key: string, parent: readonly PropertyKey[], schema: SchemaNode): string {
  const known = Object.keys(schemaAt(schema, parent)?.properties ?? {});
  const near = nearest(key, known);
  if (near !== undefined) return `is not a known key; did you mean ${near}?`;
  if (/passw(or)?d|passphrase/i.test(key))
    return 'does not belong here: take it out, and store it encrypted: vya credentials set ID --username NAME';
  if (/^(user_?name|login)$/i.test(key))
    return 'is not a known key: a user and password are stored together, with vya credentials set ID --username NAME; user is a login without a password';
  const elsewhere = fieldsOf(schema).find(({ path }) => path.endsWith(`.${key}`));
  if (elsewhere) return `is not a known key here; did you mean ${elsewhere.path}?`;
  return `is not a known key; known here: ${known.join(', ')}`;
}

function describe(issue: Exclude<Issue, { code: 'unrecognized_keys' }>, value: unknown): string {
  if (issue.code === 'invalid_type') {
    if (value === undefined) return 'is missing';
    const wanted = plainTypes[issue.expected] ?? issue.expected;
    if (value === null) return `has no value: give ${wanted}, or remove the key`;
    return `must be ${wanted}, but is ${shown(value)}${adviceFor(issue.expected, value)}`;
  }
  if (issue.code === 'invalid_value') return wrongChoice(issue.values.map(String), value);
  if (issue.code === 'too_small' || issue.code === 'too_big') return wrongSize(issue, value);
  return issue.message;
}

/** What YAML most likely meant something else by. */
function adviceFor(expected: string, value: unknown): string {
  if (expected === 'string' && typeof value !== 'object') return ' (put it in quotes)';
  if (expected === 'array') return ' (begin each entry with a dash: - )';
  const glued = expected === 'object' && typeof value === 'string' && /^[\w-]+:\S/.test(value);
  return glued ? ' (put a space after each colon)' : '';
}

function wrongChoice(values: readonly string[], value: unknown): string {
  if (value === undefined) return 'is missing';
  const near = typeof value === 'string' ? nearest(value, values) : undefined;
  const suggestion = near === undefined ? '' : `; did you mean ${near}?`;
  const spelledOnce = values.filter(
    (each) => !values.includes(each.toUpperCase()) || each === each.toUpperCase(),
  );
  return `must be one of ${spelledOnce.join(', ')}, but is ${shown(value)}${suggestion}`;
}

function wrongSize(issue: Extract<Issue, { code: 'too_small' | 'too_big' }>, value: unknown): string {
  if (issue.origin === 'string' || issue.origin === 'array') return 'must not be empty';
  const limit = issue.code === 'too_small' ? `at least ${issue.minimum}` : `at most ${issue.maximum}`;
  return `must be ${limit}, but is ${shown(value)}`;
}

function shown(value: unknown): string {
  if (Array.isArray(value)) return 'a list';
  if (typeof value === 'object' && value !== null) return 'a group of keys';
  const text = JSON.stringify(value);
  return text.length > 60 ? `${text.slice(0, 57)}…` : text;
}

function valueAt(input: unknown, path: readonly PropertyKey[]): unknown {
  let value = input;
  for (const part of path) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, part)) return undefined;
    value = (value as Record<PropertyKey, unknown>)[part];
  }
  return value;
}
