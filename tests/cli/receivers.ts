import { readFile } from 'node:fs/promises';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo, Server } from 'node:net';
import { fileURLToPath } from 'node:url';
import { SMTPServer } from 'smtp-server';

/** What arrived over HTTP. */
export interface Received {
  path: string;
  contentType: string;
  body: string;
}

export interface HttpReceiver {
  url: string;
  received: Received[];
  /** Answers to the next requests; afterwards, and without any, 200. */
  answers: number[];
  close(): Promise<void>;
}

/**
 * A server on loopback that takes whatever is posted.
 *
 * @param told is told of each at once
 */
export async function receiveHttp(told?: (posted: Received) => void): Promise<HttpReceiver> {
  const received: Received[] = [];
  const answers: number[] = [];
  const server = createServer((request, response) => {
    void textOf(request).then((body) => {
      const posted = { path: request.url ?? '', contentType: request.headers['content-type'] ?? '', body };
      received.push(posted);
      told?.(posted);
      response.statusCode = answers.shift() ?? 200;
      response.end('thanks');
    });
  });
  const port = await listen(server);
  return { url: `http://127.0.0.1:${port}`, received, answers, close: () => closed(server) };
}

export interface Mail {
  from: string;
  to: string[];
  text: string;
  encrypted: boolean;
  user: string | undefined;
}

export interface MailReceiver {
  port: number;
  mails: Mail[];
  close(): Promise<void>;
}

const fixtures = fileURLToPath(new URL('../fixtures/tls/', import.meta.url));
export const mailAuthority = `${fixtures}ca.pem`;

/**
 * A mail server on loopback with a login, and a certificate for localhost of the fixtures' authority.
 *
 * @param told is told of each mail at once
 */
export async function receiveMail(
  login: { user: string; password: string },
  told?: (mail: Mail) => void,
): Promise<MailReceiver> {
  const mails: Mail[] = [];
  const smtp = new SMTPServer({
    key: await readFile(`${fixtures}server.key`),
    cert: await readFile(`${fixtures}server.pem`),
    onAuth({ username, password }, _session, callback) {
      if (username === login.user && password === login.password) callback(null, { user: username });
      else callback(new Error('no such login'));
    },
    onData(stream, session, callback) {
      void textOf(stream).then((text) => {
        const { mailFrom, rcptTo } = session.envelope;
        const from = mailFrom === false ? '' : mailFrom.address;
        const user = session.user as string | undefined;
        const mail = {
          from,
          to: rcptTo.map(({ address }) => address),
          text,
          encrypted: session.secure,
          user,
        };
        mails.push(mail);
        told?.(mail);
        callback();
      });
    },
  });
  // A client that does not trust the certificate hangs up.
  smtp.on('error', () => {});
  const port = await listen(smtp.server);
  return { port, mails, close: () => new Promise((resolve) => smtp.close(() => resolve())) };
}

async function textOf(stream: IncomingMessage | NodeJS.ReadableStream): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString('utf8');
}

function listen(server: Server): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => resolve((server.address() as AddressInfo).port));
  });
}

function closed(server: Server): Promise<void> {
  return new Promise((resolve) => server.close(() => resolve()));
}
