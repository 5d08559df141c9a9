import { lstat, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { zstdCompressSync, zstdDecompressSync } from 'node:zlib';
import { splitStatements, tokensOf } from '../../src/db/mysql/load/statements.ts';
import type { TamperedBackup } from './hostile-backup.ts';

const end = '\n-- Dump completed\n';

/**
 * Makes of a plain MySQL or MariaDB backup one of several streams, as dumps of large databases are: the definitions, and a part of
 * rows for each table that has any; `split`: the rows of a table are in two parts by turns.
 */
export async function inSeveralStreams({ path, manifest }: TamperedBackup, split = false): Promise<void> {
  const index = manifest.parts.findIndex(({ holds }) => holds.includes('tables'));
  const part = manifest.parts[index]!;
  const text = zstdDecompressSync(await readFile(join(path, part.path))).toString('latin1');
  const { definitions, rows, before, after } = takeApart(text);
  const texts = new Map([[part.path.replace('.1-tables', '.1-definitions'), definitions + end]]);
  let number = 0;
  for (const statements of rows.values()) {
    const halves = split ? [0, 1].map((half) => statements.filter((_, at) => at % 2 === half)) : [statements];
    for (const half of halves.filter(({ length }) => length > 0)) {
      number += 1;
      const name = part.path.replace('.1-tables', `.2-rows-${String(number).padStart(2, '0')}`);
      texts.set(name, before + half.join(';\n') + after + end);
    }
  }
  const holds = part.holds.map((content) => (content === 'tables' ? 'definitions' : content));
  const made = [...texts.keys()].map((name, at) => ({
    path: name,
    format: 'sql',
    holds: at === 0 ? holds : ['rows'],
  }));
  manifest.parts.splice(index, 1, ...made);
  manifest.files = manifest.files.filter((file) => file.path !== part.path);
  await rm(join(path, part.path));
  for (const [name, content] of texts) {
    await writeFile(join(path, name), zstdCompressSync(Buffer.from(content, 'latin1')));
    const { size } = await lstat(join(path, name));
    manifest.files.push({ path: name, size, checksum: '0'.repeat(64) });
  }
}

function takeApart(dump: string): {
  definitions: string;
  rows: Map<string, string[]>;
  before: string;
  after: string;
} {
  // How recent dumps of MariaDB begin.
  const text = dump.replace(/^\/\*M!999999.*\n/, '');
  const everything = splitStatements(text).map((statement) => {
    const words = [...tokensOf(text, statement)].slice(0, 5).map((token) => token.text);
    const [verb] = words;
    const table =
      verb === 'INSERT' ? words[2] : verb === 'ALTER' && words[4] === 'KEYS' ? words[2] : undefined;
    return { text: text.slice(statement.start, statement.end), verb, table };
  });
  // Recent dumps of MariaDB fill each table in a transaction of its own.
  const all = everything.filter(
    (each) => each.verb !== 'COMMIT' && !/\bautocommit\b/i.test(each.text.slice(-60)),
  );
  const isSetting = ({ verb }: { verb: string | undefined }) => verb === 'SET';
  const first = all.findIndex((each) => !isSetting(each));
  const last = all.findLastIndex((each) => !isSetting(each));
  // Behind the last table the dump sets back what it set before the first; the setting that follows a definition belongs to that.
  const closing = all.slice(last + 1).filter((each) => !each.text.includes('character_set_client'));
  const rows = new Map<string, string[]>();
  for (const { table, text: statement } of all) {
    if (table !== undefined) rows.set(table, [...(rows.get(table) ?? []), statement]);
  }
  const opening = all.slice(0, first).filter((each) => !each.text.includes('character_set_client'));
  // MariaDB: before the rows of a table that keeps its history.
  opening.push(
    ...all.filter((each) => isSetting(each) && each.text.includes('insert_history=1')).slice(0, 1),
  );
  const joined = (list: readonly { text: string }[]) => list.map((each) => `${each.text};`).join('');
  for (const [table, list] of rows)
    if (!list.some((each) => /^\s*(--.*\s*|\/\*.*\*\/\s*)*INSERT/m.test(each))) rows.delete(table);
  return {
    definitions: joined(all.filter(({ table }) => table === undefined)),
    rows,
    before: `${joined(opening)}\n`,
    after: `;${joined(closing)}`,
  };
}
