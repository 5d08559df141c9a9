import { createServer, connect, type Socket } from 'node:net';
import type { AddressInfo } from 'node:net';
import type { TestServer } from '../servers/server.ts';

/** What becomes of a statement that changes something, when it is about to pass. */
export type Verdict =
  | 'pass'
  /** It never reaches the server, and all connections are lost. */
  | 'cut before'
  /** The server does it, and all connections are lost before anybody hears of that. */
  | 'cut after';

export interface Wire {
  port: number;
  /** The statements that passed since the last `watch`, of those that change something. */
  passed: string[];
  /** From now on `judge` is asked about every statement that changes something: its number, from 1, and its text. */
  watch(judge: (number: number, statement: string) => Verdict): void;
  /** False: new connections are refused. */
  open: boolean;
  close(): Promise<void>;
}

const CHANGES =
  /^(?:\s|\/\*M?!\d+)*(?!ALTER TABLE \S+ (?:EN|DIS)ABLE KEYS)(?:CREATE|DROP|ALTER|RENAME|INSERT|UPDATE|DELETE|GRANT|COMMENT|COMMIT)\b/i;

/** Stands between client and server, without TLS, and sees every statement before the server does. */
export async function openWire(server: Pick<TestServer, 'type' | 'host' | 'port'>): Promise<Wire> {
  const sockets = new Set<Socket>();
  let count = 0;
  let judge: (number: number, statement: string) => Verdict = () => 'pass';
  const cutAll = (): void => sockets.forEach((socket) => socket.destroy());

  const listener = createServer((client) => {
    if (!wire.open) return void client.destroy();
    const upstream = connect(server.port, server.host);
    for (const socket of [client, upstream]) {
      sockets.add(socket);
      socket.on('error', () => {});
      socket.setNoDelay(true);
    }
    client.on('close', () => upstream.destroy());
    upstream.on('close', () => client.destroy());
    let deaf = false;
    upstream.on('data', (chunk) => {
      if (deaf) return cutAll();
      client.write(chunk);
    });
    const messages = server.type === 'mysql' ? mysqlMessages() : postgresqlMessages();
    client.on('data', (chunk: Buffer) => {
      for (const { bytes, statement } of messages(chunk)) {
        if (deaf || client.destroyed) return;
        if (statement !== undefined && CHANGES.test(statement)) {
          const verdict = judge((count += 1), statement);
          if (verdict === 'cut before') return cutAll();
          wire.passed.push(statement);
          deaf = verdict === 'cut after';
        }
        upstream.write(bytes);
      }
    });
  });
  await new Promise<void>((resolve) => listener.listen(0, '127.0.0.1', resolve));
  const wire: Wire = {
    port: (listener.address() as AddressInfo).port,
    passed: [],
    open: true,
    watch(next) {
      count = 0;
      wire.passed = [];
      judge = next;
    },
    async close() {
      cutAll();
      await new Promise((resolve) => listener.close(resolve));
    },
  };
  return wire;
}

interface Message {
  bytes: Buffer;
  statement?: string;
}

type Splitter = (chunk: Buffer) => Message[];

/** A packet: three bytes of length, a number that is 0 for commands; for a query the byte 3, attributes (none) and its text. */
function mysqlMessages(): Splitter {
  return splitter((buffer) => {
    if (buffer.length < 4) return undefined;
    const length = 4 + buffer.readUIntLE(0, 3);
    if (buffer.length < length) return undefined;
    const isQuery = buffer[3] === 0 && buffer[4] === 3;
    return {
      length,
      ...(isQuery && { statement: buffer.toString('latin1', 5, length).replace(/^[\0-\x1f]+/, '') }),
    };
  });
}

/** A start without a type, then messages: a letter and a length that counts itself; `Q` and `P` carry statements. */
function postgresqlMessages(): Splitter {
  let started = false;
  return splitter((buffer) => {
    if (!started) {
      if (buffer.length < 4) return undefined;
      const length = buffer.readUInt32BE(0);
      if (buffer.length < length) return undefined;
      started = true;
      return { length };
    }
    if (buffer.length < 5) return undefined;
    const length = 1 + buffer.readUInt32BE(1);
    if (buffer.length < length) return undefined;
    const type = String.fromCharCode(buffer[0]!);
    const from = type === 'P' ? buffer.indexOf(0, 5) + 1 : 5;
    return {
      length,
      ...((type === 'Q' || type === 'P') && {
        statement: buffer.toString('utf8', from, buffer.indexOf(0, from)),
      }),
    };
  });
}

function splitter(next: (buffer: Buffer) => { length: number; statement?: string } | undefined): Splitter {
  let rest: Buffer = Buffer.alloc(0);
  return (chunk) => {
    rest = Buffer.concat([rest, chunk]);
    const messages: Message[] = [];
    for (;;) {
      const found = next(rest);
      if (!found) return messages;
      const { length, ...message } = found;
      messages.push({ bytes: rest.subarray(0, length), ...message });
      rest = rest.subarray(length);
    }
  };
}
