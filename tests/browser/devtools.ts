import type { Readable, Writable } from 'node:stream';

export interface DevToolsEvent {
  method: string;
  params: Record<string, unknown>;
}

/** One tab, as the DevTools protocol sees it. */
export interface Session {
  /** Calls a method; its errors are thrown. */
  send<T = Record<string, unknown>>(method: string, params?: object): Promise<T>;
  /** All that the tab has told so far; a domain has to be enabled to tell anything. */
  events: readonly DevToolsEvent[];
  /** Resolves with the next event of this kind. */
  next(method: string): Promise<DevToolsEvent>;
  /** What an expression gives, as JSON. */
  evaluate<T>(expression: string): Promise<T>;
}

export interface Connection {
  send<T = Record<string, unknown>>(method: string, params: object): Promise<T>;
  session(id: string): Session;
}

interface Message {
  id?: number;
  sessionId?: string;
  method?: string;
  params?: Record<string, unknown>;
  result?: unknown;
  error?: { message: string };
}

/** The DevTools protocol over two pipes: JSON documents that end with a zero byte. */
export function devTools(to: Writable, from: Readable, ended: Promise<Error>): Connection {
  let count = 0;
  const waiting = new Map<number, (message: Message) => void>();
  const listeners = new Set<(message: Message) => void>();
  to.on('error', () => {});
  splitAtZero(from, (text) => {
    const message = JSON.parse(text) as Message;
    if (message.id === undefined) for (const listener of listeners) listener(message);
    else waiting.get(message.id)?.(message);
  });
  const call = async <T>(method: string, params: object, sessionId?: string): Promise<T> => {
    const id = (count += 1);
    const answer = new Promise<Message>((resolve) => waiting.set(id, resolve));
    to.write(`${JSON.stringify({ id, method, params, sessionId })}\0`);
    const message = await Promise.race([answer, ended]);
    waiting.delete(id);
    if (message instanceof Error) throw message;
    if (message.error) throw new Error(`${method}: ${message.error.message}`);
    return message.result as T;
  };
  return {
    send: (method, params) => call(method, params),
    session: (id) => sessionOf(id, call, listeners),
  };
}

function sessionOf(
  sessionId: string,
  call: <T>(method: string, params: object, sessionId: string) => Promise<T>,
  listeners: Set<(message: Message) => void>,
): Session {
  const events: DevToolsEvent[] = [];
  const awaited = new Set<(event: DevToolsEvent) => void>();
  listeners.add((message) => {
    if (message.sessionId !== sessionId || message.method === undefined) return;
    const event = { method: message.method, params: message.params ?? {} };
    events.push(event);
    for (const each of awaited) each(event);
  });
  return {
    events,
    send: (method, params = {}) => call(method, params, sessionId),
    next: (method) =>
      new Promise((resolve) => {
        const take = (event: DevToolsEvent): void => {
          if (event.method !== method) return;
          awaited.delete(take);
          resolve(event);
        };
        awaited.add(take);
      }),
    async evaluate<T>(expression: string) {
      const { result, exceptionDetails } = await call<{
        result: { value: T };
        exceptionDetails?: { exception?: { description?: string } };
      }>('Runtime.evaluate', { expression, returnByValue: true, awaitPromise: true }, sessionId);
      if (exceptionDetails) throw new Error(exceptionDetails.exception?.description ?? 'the page threw');
      return result.value;
    },
  };
}

function splitAtZero(from: Readable, take: (text: string) => void): void {
  let rest = Buffer.alloc(0);
  from.on('data', (chunk: Buffer) => {
    rest = Buffer.concat([rest, chunk]);
    for (let end = rest.indexOf(0); end >= 0; end = rest.indexOf(0)) {
      take(rest.toString('utf8', 0, end));
      rest = rest.subarray(end + 1);
    }
  });
}
