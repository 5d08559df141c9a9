import { clip, displayWidth } from './display-width.ts';
import { printable } from './format.ts';

/** Rows under a header, and what may become of them where a terminal is too narrow. */
export interface Table {
  header: readonly string[];
  rows: readonly (readonly string[])[];
  /** Columns that are flushed right. */
  right?: readonly string[];
  /** Columns that are cut, with `…` at the end. Never one of what people have to type. */
  fold?: readonly string[];
  /** Columns that are left out, the first ones first, where cutting is not enough. */
  drop?: readonly string[];
}

interface Column {
  name: string;
  cells: string[];
  width: number;
}

const gap = '  ';
/** A column that is cut keeps so much: less says nothing. */
const leastFolded = 12;

/**
 * Columns aligned by their widest cell. Control characters are shown escaped. Into `columns` it is made to fit by cutting and leaving
 * out what the table says, and by nothing else: what then is still too wide, a terminal breaks.
 *
 * @param columns the terminal's; undefined: no terminal, and nothing is cut
 */
export function renderTable(table: Table, columns?: number): string {
  const all = table.header.map((name, index): Column => {
    const cells = [name, ...table.rows.map((row) => printable(row[index] ?? ''))];
    return { name, cells, width: cells.reduce((widest, cell) => Math.max(widest, displayWidth(cell)), 0) };
  });
  const { shown, dropped } = columns === undefined ? { shown: all, dropped: [] } : fit(all, table, columns);
  const lines = [0, ...table.rows.map((_, index) => index + 1)].map((line) =>
    shown
      .map(({ name, cells, width }) => {
        const cell = clip(cells[line] ?? '', width);
        const space = ' '.repeat(width - displayWidth(cell));
        return table.right?.includes(name) ? space + cell : cell + space;
      })
      .join(gap)
      .trimEnd(),
  );
  const names = dropped.map((name) => name.trim()).join(', ');
  return [...lines, ...(names ? [`(no room for ${names})`] : [])].join('\n');
}

function fit(all: readonly Column[], table: Table, columns: number): { shown: Column[]; dropped: string[] } {
  // A column without a single entry was worth no room in the first place, and is not worth a word.
  let shown = widthOf(all) > columns ? all.filter(holdsAnything) : [...all];
  const dropped: string[] = [];
  const excess = (of: readonly Column[]): number => widthOf(of) - columns;
  for (const name of table.drop ?? []) {
    if (excess(folded(shown, table, leastFolded)) <= 0) break;
    if (shown.some((column) => column.name === name)) dropped.push(name);
    shown = shown.filter((column) => column.name !== name);
  }
  // The widest of those that may be cut gives first, down to the next one's width.
  let limit = Math.max(...shown.map(({ width }) => width), leastFolded);
  while (limit > leastFolded && excess(folded(shown, table, limit)) > 0) limit -= 1;
  return { shown: folded(shown, table, limit), dropped };
}

function holdsAnything({ cells }: Column): boolean {
  return cells.slice(1).some(Boolean);
}

function folded(columns: readonly Column[], { fold = [] }: Table, limit: number): Column[] {
  return columns.map((column) =>
    fold.includes(column.name) ? { ...column, width: Math.min(column.width, limit) } : column,
  );
}

function widthOf(columns: readonly Column[]): number {
  return columns.reduce((sum, { width }) => sum + width, 0) + gap.length * Math.max(0, columns.length - 1);
}
