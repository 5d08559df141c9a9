import path from 'node:path';
import { readFile, rm } from 'node:fs/promises';
import type { Command } from '../../exec/command.ts';
import { runPipeline } from '../../exec/pipeline.ts';
import type { Inventory } from '../../model/inventory.ts';
import type { ReplaceRequest, StoredPart } from '../adapter.ts';
import type { ClientContext } from './client.ts';
import { codeCommand, eventsCommand, viewsCommand } from './dump.ts';
import { loadStep } from './load.ts';

/** A database's triggers, routines and events, saved as dumps, so that they can be made again. */
export interface SavedCode {
  database: string;
  /** In the order in which they have to be loaded. */
  parts: readonly StoredPart[];
  /** The views that are not broken: for a copy of the database. */
  views: StoredPart | undefined;
}

/** Saves what a replacement drops. `views`: the names of those that a dump can read. Throws VyaError `failed`. */
export async function saveCode(
  context: ClientContext,
  request: ReplaceRequest,
  inventory: Inventory,
  views: readonly string[],
): Promise<SavedCode> {
  const { name: database, programs, undoDirectory } = request;
  const source = { database, inventory, programs };
  const save = async (file: string, holds: readonly string[], command: Command): Promise<StoredPart> => {
    const part: StoredPart = { path: path.join(undoDirectory, file), format: 'sql', holds };
    await request.run(command, { stdoutTo: part.path });
    return part;
  };
  const parts: StoredPart[] = [];
  if (inventory.triggers.length + inventory.routines.length > 0) {
    parts.push(await save('code.sql', ['triggers', 'routines'], codeCommand(context, source)));
  }
  if (inventory.events.length > 0)
    parts.push(await save('events.sql', ['events'], eventsCommand(context, source)));
  const readable = { ...inventory, views: inventory.views.filter(({ name }) => views.includes(name)) };
  const saved = request.keepOldAs !== undefined && readable.views.length > 0;
  return {
    database,
    parts,
    views: saved
      ? await save('views.sql', ['views'], viewsCommand(context, { ...source, inventory: readable }))
      : undefined,
  };
}

/**
 * Makes the saved objects again in `database`; in another one than they came from, with the views, and with events disabled.
 * Nothing stops it, because an undo must not be interrupted. Throws VyaError `failed`.
 */
export async function loadCode(
  context: ClientContext,
  request: ReplaceRequest,
  saved: SavedCode,
  database: string,
): Promise<void> {
  const copy = database !== saved.database;
  for (const part of copy && saved.views ? [...saved.parts, saved.views] : saved.parts) {
    const step = loadStep(context, part, database, {
      programs: request.programs,
      sourceDatabase: saved.database,
      noOwner: false,
      noAcl: false,
      jobs: 1,
      disableEvents: copy,
    });
    const content = await readFile(part.path);
    const input = step.rewrite ? step.rewrite(content) : content;
    await runPipeline([step.command], { signal: new AbortController().signal, input, output: 'drop' });
  }
}

/** Removes what was saved, once nobody needs it any more. */
export async function forgetCode(saved: SavedCode | undefined): Promise<void> {
  if (!saved) return;
  const files = saved.views ? [...saved.parts, saved.views] : saved.parts;
  for (const { path: file } of files) await rm(file, { force: true });
}
