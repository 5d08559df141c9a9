// Runs one server and ends it when standard input ends, which it also does when the owner was killed. Started by
// local.ts in a session of its own, so that a Ctrl-C in the owner's terminal reaches neither this nor the server.
import { spawn } from 'node:child_process';
import { openSync, rmSync } from 'node:fs';
import type { SupervisorOrder } from './supervisor-order.ts';

const order = JSON.parse(process.argv[2] ?? '') as SupervisorOrder;
const log = openSync(order.log, 'a');
const server = spawn(order.file, order.args, {
  cwd: order.folder,
  env: order.env,
  stdio: ['ignore', log, log],
});
let ended = false;
let ownerIsGone = false;

function removeFolder(): void {
  rmSync(order.folder, { recursive: true, force: true, maxRetries: 5 });
}

function onEnd(code: number | null, signal: string | null): void {
  if (ended) return;
  ended = true;
  if (ownerIsGone) removeFolder();
  else process.stdout.write(`ended ${signal ?? code}\n`);
}

server.on('error', () => onEnd(null, null));
server.on('close', onEnd);
process.stdout.on('error', () => {});
process.stdout.write(`started ${server.pid}\n`);
process.stdin.resume();
process.stdin.on('error', () => {});
process.stdin.on('close', () => {
  ownerIsGone = true;
  if (ended) return removeFolder();
  server.kill(order.endSignal);
  setTimeout(() => server.kill('SIGKILL'), 5000).unref();
});
