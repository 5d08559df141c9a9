import { run } from '../contract/contract.ts';
import type { Dice } from '../samples/random.ts';
import { type Field, sample } from './field.ts';

/** Changes the sample a little, as its users would. */
export async function writeALittle({ server }: Field, dice: Dice): Promise<void> {
  const blob = server.type === 'mysql' ? 'longblob' : 'bytea';
  const hex = dice.bytes(dice.int(1, 2_000)).toString('hex');
  const value = server.type === 'mysql' ? `X'${hex}'` : `'\\x${hex}'`;
  const id = dice.int(1, 1_000);
  const statements = [
    `CREATE TABLE IF NOT EXISTS soak_notes (id int PRIMARY KEY, body ${blob})`,
    `DELETE FROM soak_notes WHERE id = ${id}`,
    `INSERT INTO soak_notes VALUES (${id}, ${value})`,
  ];
  if (dice.chance(0.5))
    statements.push(`UPDATE soak_notes SET body = ${value} WHERE id > ${dice.int(1, 1_000)}`);
  if (dice.chance(0.3)) statements.push(`DELETE FROM soak_notes WHERE id < ${dice.int(1, 500)}`);
  const extra = `soak_extra_${dice.int(1, 4)}`;
  if (dice.chance(0.3))
    statements.push(`CREATE TABLE IF NOT EXISTS ${extra} (id int PRIMARY KEY, at timestamp)`);
  if (dice.chance(0.2)) statements.push(`DROP TABLE IF EXISTS ${extra}`);
  await run(server, statements.join(';\n'), sample);
}
