import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import type { Socket } from 'node:net';
import type { SupervisorOrder } from './supervisor-order.ts';

/** A server process under supervision. */
export interface Supervised {
  pid: number;
  /** Resolves when the server has ended, whoever ended it, with its exit code or signal. */
  ended: Promise<string>;
  /** Ends the server and removes its folder. */
  stop: () => Promise<void>;
}

/** Starts a program that ends, and whose folder is removed, at the latest when this process does. */
export async function supervise(order: SupervisorOrder): Promise<Supervised> {
  const program = join(import.meta.dirname, 'supervisor.ts');
  const supervisor = spawn(process.execPath, [program, JSON.stringify(order)], {
    detached: true,
    stdio: ['pipe', 'pipe', 'ignore'],
    env: { PATH: process.env['PATH'] },
  });
  const closed = once(supervisor, 'close');
  let said = '';
  let noteEnd: (how: string) => void = () => {};
  const ended = new Promise<string>((resolve) => (noteEnd = resolve));
  const started = new Promise<number>((resolve, reject) => {
    supervisor.stdout.setEncoding('utf8').on('data', (text: string) => {
      said += text;
      const pid = /^started (\d+)$/m.exec(said)?.[1];
      if (pid) resolve(Number(pid));
      if (/^started undefined$/m.test(said)) reject(new Error(`${order.file} could not be started`));
      const how = /^ended (\S+)$/m.exec(said)?.[1];
      if (how) noteEnd(how);
    });
    closed.then(() => {
      noteEnd('its supervisor');
      reject(new Error('the supervisor of a test server ended early'));
    }, reject);
  });
  const pid = await started;
  // The owner may end without stopping its servers: the supervisor sees to them.
  supervisor.unref();
  (supervisor.stdin as Socket).unref();
  (supervisor.stdout as Socket).unref();
  const stop = async () => {
    supervisor.ref();
    (supervisor.stdout as Socket).ref();
    supervisor.stdin.end();
    await closed;
  };
  return { pid, ended, stop };
}
