import type { Command } from '../../../exec/command.ts';
import { ownProgram } from '../../../exec/own-program.ts';
import type { StoredPart } from '../../adapter.ts';
import type { DumpRules } from './statement-rules.ts';

/** What both flavours' dump programs end with. */
export const endMarker = '-- Dump completed';

/** Contents of a part that are tables, rows, and what a table's default needs: no code. */
const tablesAlone = new Set(['tables', 'definitions', 'rows', 'sequences']);

/** What inspect-process is told. */
export interface InspectOrder {
  /** Absent: only the end counts. */
  rules?: DumpRules | undefined;
  /** Pass on what is in order, up to so many bytes; absent: tell at the end. */
  pass?: { largest: number; endMarker: string } | undefined;
}

/** The program that looks at every statement of a dump before it is loaded (F26), and prints an Inspection. */
export function inspectCommand(part: StoredPart, source: string): Command {
  return inspectProcess({ rules: rulesFor(part, source) });
}

/**
 * The same in line, before the client program: it passes on what is in order, and ends as `verdicts` says. `source`: the database
 * that the dump was made of; undefined: its statements are trusted, and only its end is looked for.
 */
export function passingInspector(part: StoredPart, source: string | undefined, largest: number): Command {
  return inspectProcess({
    rules: source === undefined ? undefined : rulesFor(part, source),
    pass: { largest: Math.min(largest, Number.MAX_SAFE_INTEGER), endMarker },
  });
}

function rulesFor({ holds }: StoredPart, source: string): DumpRules {
  return { source, onlyTables: holds.every((content) => tablesAlone.has(content)) };
}

function inspectProcess(order: InspectOrder): Command {
  return ownProgram('db/mysql/load/inspect-process', [JSON.stringify(order)], { PATH: '/usr/bin:/bin' });
}
