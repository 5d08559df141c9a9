import type { DatabaseAdapter, Engine } from '../db/adapter.ts';
import type { ClientPrograms } from '../db/client-program.ts';
import { engineFor } from '../db/registry.ts';
import { VyaError } from '../errors.ts';
import { capture } from '../exec/capture.ts';
import { keepingSecretFiles } from '../exec/secret-file.ts';
import { describeEndpoint, type InstanceTarget } from '../model/instance.ts';
import type { OperationContext } from './context.ts';
import { retryConnecting } from './try-again.ts';

/** A connected server with the client programs that were chosen for it, seen to reach the same server. */
export interface Session {
  engine: Engine;
  adapter: DatabaseAdapter;
  programs: ClientPrograms;
}

/**
 * Connects, chooses the client programs, lets `work` use them, and closes the connection whatever happens.
 *
 * @param oldestClient the oldest client that can restore the backup at hand, as its manifest says
 * @throws VyaError `connection`; `failed` when a program is missing or reaches another server than the connection
 */
export async function withSession<T>(
  target: InstanceTarget,
  context: OperationContext,
  work: (session: Session) => Promise<T>,
  oldestClient?: string,
): Promise<T> {
  if (target.password) context.log.conceal(target.password);
  const engine = await engineFor(target.type);
  const connect = () => engine.connect(target, { signal: context.signal });
  const connecting = retryConnecting(target, context, connect);
  // The programs are asked who they are meanwhile.
  const server = connecting.then((connected) => connected.server);
  const finding = engine.findPrograms(server, context.env, oldestClient);
  // A server that is not reached is told of by the connection, whoever else waits for it or does so later.
  server.catch(() => {});
  finding.catch(() => {});
  const adapter = await connecting;
  try {
    const programs = await finding;
    await retryConnecting(target, context, () => assertSameServer(adapter, programs, context.signal));
    return await keepingSecretFiles(() => work({ engine, adapter, programs }));
  } finally {
    await adapter.close();
  }
}

/** Option files and default sockets have sent client programs to another server than the one that was asked (F44). */
async function assertSameServer(
  adapter: DatabaseAdapter,
  programs: ClientPrograms,
  signal: AbortSignal,
): Promise<void> {
  const { stdout } = await capture(adapter.identityCommand(programs), {
    signal,
    timeoutMs: adapter.target.connectTimeoutMs + 20_000,
  });
  if (stdout.trim() === adapter.server.identity) return;
  throw new VyaError(
    'failed',
    `${adapter.target.id}: ${programs.query.path} reaches another server than the connection to ${describeEndpoint(adapter.target.endpoint)}`,
    {
      hint: 'Give the host and port, or the socket, of the one server that is meant; look for proxies between them.',
    },
  );
}
