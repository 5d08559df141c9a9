import type { Inventory } from '../../../model/inventory.ts';
import type { ClientProgram } from '../../client-program.ts';
import type { Option } from '../option-file.ts';

/** How a dump is told to take the base tables and leave the views out. Empty `names`: whatever is there. */
export interface TableSelection {
  options: readonly string[];
  fileOptions: readonly Option[];
  names: readonly string[];
}

/**
 * Leaves the views out by the dump's own option where it has one, else by name. The dump compares those names without regard to
 * case and accents: where ignoring the view `FOO` would silently drop the table `foo`, the tables are named one by one instead.
 */
export function selectBaseTables(
  database: string,
  inventory: Inventory,
  dump: ClientProgram,
): TableSelection {
  const views = inventory.views.map(({ name }) => name);
  if (views.length === 0) return { options: [], fileOptions: [], names: [] };
  if (dump.options.has('ignore-views')) return { options: ['--ignore-views'], fileOptions: [], names: [] };
  const tables = [...inventory.tables, ...inventory.sequences].map(({ name }) => name);
  if (tables.length > 0 && mayCollide(views, tables)) return { options: [], fileOptions: [], names: tables };
  return {
    options: [],
    fileOptions: views.map((view) => ['ignore-table', `${database}.${view}`]),
    names: [],
  };
}

/** Whether some view could be taken for a table. Names beyond ASCII are only told apart by their length: collations are many. */
function mayCollide(views: readonly string[], tables: readonly string[]): boolean {
  const folded = new Set(tables.map((table) => table.toLowerCase()));
  const lengths = new Set(tables.map((table) => table.length));
  const foreignLengths = new Set(tables.filter((table) => !isAscii(table)).map((table) => table.length));
  return views.some(
    (view) => folded.has(view.toLowerCase()) || (isAscii(view) ? foreignLengths : lengths).has(view.length),
  );
}

function isAscii(text: string): boolean {
  return Buffer.byteLength(text) === text.length;
}
