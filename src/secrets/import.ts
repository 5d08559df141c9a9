import { readFile } from 'node:fs/promises';
import { parse } from 'yaml';
import * as z from 'zod';
import { systemCode, VyaError } from '../errors.ts';
import type { Credential } from './entry.ts';

const fileSchema = z.record(z.string(), z.strictObject({ username: z.string(), password: z.string() }));

const example = '{ "prod-mysql-01": { "username": "backup", "password": "…" } }';

/**
 * The logins of a JSON or YAML file in clear, by credential id. Messages never quote the file: it holds passwords.
 *
 * @throws VyaError `not-found`; `credentials` that names every place that is wrong
 */
export async function readPlainCredentials(path: string): Promise<Map<string, Credential>> {
  let content: unknown;
  try {
    // The parser's warnings would go to the terminal, with what they are about.
    content = parse(await readFile(path, 'utf8'), { prettyErrors: false, logLevel: 'error' });
  } catch (error) {
    const code = systemCode(error);
    if (code === 'ENOENT')
      throw new VyaError('not-found', `There is no file ${path}`, { hint: 'Correct the path.' });
    if (code?.startsWith('E'))
      throw unusable(path, `it cannot be read (${code})`, 'Correct the path or its permissions.');
    throw unusable(
      path,
      `it is neither JSON nor YAML (${code ?? 'it cannot be parsed'})`,
      `It must look like ${example}`,
    );
  }
  const parsed = fileSchema.safeParse(content);
  if (!parsed.success) {
    const places = parsed.error.issues.map((issue) => issue.path.map(String).join('.') || 'the whole file');
    throw unusable(
      path,
      `these are not what they must be: ${[...new Set(places)].join(', ')}`,
      `It must look like ${example}; texts that look like numbers need quotes.`,
    );
  }
  if (Object.keys(parsed.data).length === 0)
    throw unusable(path, 'it holds no credentials', `It must look like ${example}`);
  return new Map(Object.entries(parsed.data));
}

function unusable(path: string, problem: string, hint: string): VyaError {
  return new VyaError('credentials', `The file ${path} cannot be imported: ${problem}`, { hint });
}
