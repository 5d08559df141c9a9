import { once } from 'node:events';
import { createConnection, createServer } from 'node:net';
import type { AddressInfo, Socket } from 'node:net';
import { text } from 'node:stream/consumers';
import { env } from 'node:process';
import type { ServerKind } from './kinds.ts';

/** `start`: the shared server of a kind; `check`: whether the machine can run the kind at all. */
export type Question = 'start' | 'check';

interface Answer {
  value?: unknown;
  error?: string;
}

/** Asks the process that holds the run's shared servers; the tests run in processes of their own. */
export async function askBroker(kind: ServerKind, question: Question): Promise<unknown> {
  const socket = createConnection(Number(env['VYA_TEST_BROKER']), '127.0.0.1');
  socket.end(JSON.stringify({ kind, question }));
  const answer = JSON.parse(await text(socket)) as Answer;
  if (answer.error !== undefined) throw new Error(answer.error);
  return answer.value;
}

export type Respond = (kind: ServerKind, question: Question) => Promise<unknown>;

/** Opens the port on which test processes ask. */
export async function openBroker(respond: Respond): Promise<{ port: number; close: () => void }> {
  const broker = createServer({ allowHalfOpen: true }, (socket) => void answer(socket, respond));
  broker.listen(0, '127.0.0.1');
  await once(broker, 'listening');
  return { port: (broker.address() as AddressInfo).port, close: () => broker.close() };
}

async function answer(socket: Socket, respond: Respond): Promise<void> {
  socket.on('error', () => {});
  let reply: Answer;
  try {
    const { kind, question } = JSON.parse(await text(socket)) as { kind: ServerKind; question: Question };
    reply = { value: await respond(kind, question) };
  } catch (error) {
    reply = { error: (error as Error).message };
  }
  socket.end(JSON.stringify(reply));
}
