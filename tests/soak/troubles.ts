import type { ChildProcess } from 'node:child_process';
import type { Dice } from '../samples/random.ts';
import { connect } from '../servers/connect.ts';
import type { Field } from './field.ts';
import { descendantsOf, strike } from './processes.ts';

/** Something that happens to a run of vya at a random moment. */
export interface Trouble {
  name: string;
  /** Before the run starts. */
  prepare?(field: Field, dice: Dice): Promise<void>;
  /** While it runs; false when it came too late. */
  strike?(field: Field, dice: Dice, vya: ChildProcess): Promise<boolean>;
}

const onVya = (signal: NodeJS.Signals): Trouble => ({
  name: `${signal} to vya`,
  strike: (_field, _dice, vya) => Promise.resolve(vya.exitCode === null && strike(vya.pid as number, signal)),
});

const onChild = (signal: NodeJS.Signals): Trouble => ({
  name: `${signal} to a program of vya`,
  strike: (_field, dice, vya) => {
    const children = descendantsOf(vya.pid as number);
    return Promise.resolve(children.length > 0 && strike(dice.pick(children), signal));
  },
});

const onConnection: Trouble = {
  name: 'a connection that the server ends',
  async strike({ server }, dice) {
    const connection = await connect(server);
    try {
      const rows = await connection.query<{ id: number }>(
        server.type === 'mysql'
          ? `SELECT ID AS id FROM information_schema.PROCESSLIST WHERE ID <> CONNECTION_ID() AND USER <> 'event_scheduler' AND COMMAND <> 'Daemon'`
          : `SELECT pid AS id FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND backend_type = 'client backend'`,
      );
      if (rows.length === 0) return false;
      const { id } = dice.pick(rows);
      const sql = server.type === 'mysql' ? `KILL ${id}` : `SELECT pg_terminate_backend(${id})`;
      // It may have ended by itself meanwhile.
      return await connection.script(sql).then(
        () => true,
        () => false,
      );
    } finally {
      await connection.close();
    }
  },
};

const fullDisk: Trouble = {
  name: 'a disk that is full or fills',
  prepare: async ({ disk }, dice) => disk?.fill(dice.pick([0, 4096, 16_384, 65_536, 200_000])),
};

/** What can happen; `undefined`, which is nothing, often enough that much is backed up. */
export function troublesFor(field: Field): (Trouble | undefined)[] {
  return [
    undefined,
    undefined,
    onVya('SIGKILL'),
    onVya('SIGKILL'),
    onVya('SIGTERM'),
    onChild('SIGKILL'),
    onChild('SIGKILL'),
    onConnection,
    ...(field.disk ? [fullDisk] : []),
  ];
}
