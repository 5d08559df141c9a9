import type { Command } from '../../../exec/command.ts';
import { runPipeline } from '../../../exec/pipeline.ts';
import type { Inventory } from '../../../model/inventory.ts';
import type { ClientPrograms } from '../../client-program.ts';
import type { ObjectPart } from '../../replacement.ts';
import type { ClientContext } from '../client.ts';
import { codeCommand, eventsCommand, viewsCommand } from '../dump/dump.ts';
import { loaderLock } from './hold.ts';
import { loadStep } from '../load/load.ts';

/** What is left of a database without its tables, as dumps, so that it can be made again. */
export interface SavedCode {
  /** Triggers and routines, then events. */
  code: ObjectPart[];
  /** Views that are not broken: for a copy of the database. */
  views: ObjectPart[];
}

export interface SaveRequest {
  database: string;
  inventory: Inventory;
  programs: ClientPrograms;
  /** The names of the views to save. */
  views: readonly string[];
  signal: AbortSignal;
}

/** Saves a database's triggers, routines, events and views. Throws VyaError `failed`. */
export async function saveCode(context: ClientContext, request: SaveRequest): Promise<SavedCode> {
  const { inventory, signal, views } = request;
  const save = async (holds: readonly string[], command: Command): Promise<ObjectPart> => ({
    holds,
    content: await runPipeline([command], { signal, output: 'keep' }),
  });
  const code: ObjectPart[] = [];
  if (inventory.triggers.length + inventory.routines.length > 0) {
    code.push(await save(['triggers', 'routines'], codeCommand(context, request)));
  }
  if (inventory.events.length > 0) code.push(await save(['events'], eventsCommand(context, request)));
  const readable = { ...inventory, views: inventory.views.filter(({ name }) => views.includes(name)) };
  if (readable.views.length === 0) return { code, views: [] };
  const source = { ...request, inventory: readable };
  return { code, views: [await save(['views'], viewsCommand(context, source))] };
}

export interface LoadCodeRequest {
  programs: ClientPrograms;
  /** Where the parts were made. */
  sourceDatabase: string;
  database: string;
  disableEvents: boolean;
  signal: AbortSignal;
}

/** Makes objects in a database. While it does, its session holds the database's loader lock. Throws VyaError `failed`. */
export async function loadCode(
  context: ClientContext,
  parts: readonly ObjectPart[],
  { signal, database, ...request }: LoadCodeRequest,
): Promise<void> {
  const options = { ...request, noOwner: false, noAcl: false, jobs: 1 };
  for (const { holds, content } of parts) {
    const part = { path: '', format: 'sql', holds } as const;
    const step = loadStep(context, part, database, options, loaderLock(database));
    const input = step.rewrite ? step.rewrite(content) : content;
    await runPipeline([step.command], { signal, input, output: 'drop' });
  }
}
