import type { Command } from '../../../exec/command.ts';
import { ownProgram } from '../../../exec/own-program.ts';
import type { StoredPart } from '../../adapter.ts';
import type { DumpRules } from './statement-rules.ts';

/** Contents of a part that are tables, rows, and what a table's default needs: no code. */
const tablesAlone = new Set(['tables', 'definitions', 'rows', 'sequences']);

/** The program that looks at every statement of a dump before it is loaded (F26), and prints an Inspection. */
export function inspectCommand({ holds }: StoredPart, source: string): Command {
  const rules: DumpRules = { source, onlyTables: holds.every((content) => tablesAlone.has(content)) };
  const script = ownProgram('db/mysql/load/inspect-process');
  return { file: process.execPath, args: [script, JSON.stringify(rules)], env: { PATH: '/usr/bin:/bin' } };
}
