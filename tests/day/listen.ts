import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { execPath } from 'node:process';
import { createInterface } from 'node:readline';
import type { Mail, Received } from '../cli/receivers.ts';

/** A mail server and a web server on the loopback of a machine. */
export interface Listener {
  url: string;
  mailPort: number;
  posted: Received[];
  mails: Mail[];
  end(): Promise<void>;
}

type Said = { ready: { url: string; port: number } } | { posted: Received } | { mail: Mail };

/**
 * Listens in the network of a machine.
 *
 * @param pid a process in it
 */
export async function listen(pid: number, login: { user: string; password: string }): Promise<Listener> {
  const script = [execPath, join(import.meta.dirname, 'receiving.ts'), JSON.stringify(login)];
  const child = spawn('nsenter', ['--target', String(pid), '--net', '--', ...script], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const closed = once(child, 'close');
  const [posted, mails]: [Received[], Mail[]] = [[], []];
  const ready = new Promise<{ url: string; port: number }>((resolve, reject) => {
    createInterface(child.stdout).on('line', (line) => {
      const said = JSON.parse(line) as Said;
      if ('ready' in said) resolve(said.ready);
      else if ('mail' in said) mails.push(said.mail);
      else posted.push(said.posted);
    });
    closed.then(() => reject(new Error('nobody listens in the machine')), reject);
  });
  const { url, port } = await ready;
  const end = async (): Promise<void> => {
    child.stdin.end();
    await closed;
  };
  return { url, mailPort: port, posted, mails, end };
}
