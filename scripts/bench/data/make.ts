import { spawn } from 'node:child_process';
import { once } from 'node:events';
import type { Field } from '../field.ts';
import { say } from '../progress.ts';
import { closing, creating, objects } from './schema.ts';
import { type Table, tables } from './tables.ts';
import { random } from './words.ts';

/** Bytes that go to the server's client at once. */
const CHUNK = 1 << 18;

/** Makes a database of about so many bytes of SQL. The same size makes the same rows, on every kind of server. */
export async function makeData(field: Field, database: string, size: number): Promise<void> {
  const started = performance.now();
  await field.createDatabase(database);
  await field.sql(database, tables.map((table) => creating(table, field.type)).join('\n'));
  const counts = new Map<string, number>();
  for (const table of tables) counts.set(table.name, await fill(field, database, table, size, counts));
  await field.sql(database, closing(tables, field.type));
  await field.sql(database, objects(field.type));
  say(`  ${field.kind}: ${database} made in ${((performance.now() - started) / 1000).toFixed(0)} s`);
}

/** Sends rows to the server's own client as they are made; answers with their number. */
async function fill(
  field: Field,
  database: string,
  table: Table,
  size: number,
  counts: ReadonlyMap<string, number>,
): Promise<number> {
  const [file, ...args] = field.loadCommand(database, table);
  const client = spawn(file as string, args, { env: field.env, stdio: ['pipe', 'ignore', 'pipe'] });
  let said = '';
  client.stderr.setEncoding('utf8').on('data', (text: string) => (said += text));
  client.stdin.on('error', () => {});
  const closed = once(client, 'close');
  let count = 0;
  for (const chunk of chunks(field, table, size, counts)) {
    count = chunk.count;
    const drained = new Promise<void>((resolve) => client.stdin.once('drain', resolve));
    if (!client.stdin.write(chunk.text)) await Promise.race([drained, closed]);
    if (client.exitCode !== null) break;
  }
  client.stdin.end();
  const [code] = (await closed) as [number | null];
  if (code !== 0) throw new Error(`Loading ${table.name} ended with ${code}: ${said}`);
  return count;
}

function* chunks(
  field: Field,
  table: Table,
  size: number,
  counts: ReadonlyMap<string, number>,
): Generator<{ text: string; count: number }> {
  const next = random(table.name.length * 7919 + 17);
  const own = new Map(counts);
  // The binary column is last; PostgreSQL reads hexadecimal digits after \x.
  const prefix = table.binary !== undefined && field.type === 'postgresql' ? String.raw`\\x` : '';
  // Quotes, parentheses and commas of SQL.
  const perRow = 2 + 3 * table.mysql.length;
  const wanted = size * table.share;
  let [text, made, count] = ['', 0, 0];
  while (made < wanted) {
    count += 1;
    const values = table.row(next, own);
    if (prefix !== '') values.push(prefix + values.pop());
    const line = `${count}\t${values.join('\t')}\n`;
    made += line.length + perRow;
    text += line;
    if (text.length < CHUNK) continue;
    yield { text, count };
    text = '';
  }
  yield { text, count };
}
