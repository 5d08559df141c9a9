import type { Table } from './table.ts';

/** What was backed up: instance, database and backup together are what `restore` is asked for. */
export function backupTable(header: readonly string[], rows: readonly (readonly string[])[]): Table {
  return {
    header,
    rows,
    right: ['SIZE', 'SIZE ON SERVER', 'TIME'],
    fold: ['STATUS'],
    drop: ['TIME', 'SIZE ON SERVER', 'SIZE'],
  };
}
