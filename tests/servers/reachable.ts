import { once } from 'node:events';
import { createServer } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { connect } from './connect.ts';
import type { TestServer } from './server.ts';

/** Does something with a free port, again when another process has taken the port between its choice and its use. */
export async function withFreePort<T>(use: (port: number) => Promise<T>): Promise<T> {
  for (let tries = 1; ; tries += 1) {
    try {
      return await use(await freePort());
    } catch (error) {
      const taken = /address already in use|port is already allocated/i.test(String(error));
      if (tries === 5 || !taken) throw error;
    }
  }
}

async function freePort(): Promise<number> {
  const listener = createServer().listen(0, '127.0.0.1');
  await once(listener, 'listening');
  const address = listener.address();
  listener.close();
  await once(listener, 'close');
  if (address === null || typeof address === 'string') throw new Error('no free port');
  return address.port;
}

/** Waits until the server lets its admin in; fails with the last refusal when the server ends instead. */
export async function answers(server: Omit<TestServer, 'stop'>, ended: Promise<unknown>): Promise<void> {
  let over = false;
  void ended.then(() => (over = true));
  const deadline = Date.now() + 90_000;
  for (;;) {
    try {
      const connection = await connect(server);
      return await connection.close();
    } catch (error) {
      if (over || Date.now() > deadline) throw error;
      await sleep(100);
    }
  }
}
