import { env } from 'node:process';
import { openBroker } from './broker.ts';
import type { ServerKind } from './kinds.ts';
import { providerOf } from './provider.ts';
import type { TestServer } from './server.ts';
import { startServer } from './servers.ts';

/** Holds the servers that a test run shares: each starts when a test first asks for it and ends with the run. */
export default async function setup(): Promise<() => Promise<void>> {
  const started = new Map<ServerKind, Promise<TestServer>>();
  const missing = new Map<ServerKind, string>();

  const broker = await openBroker(async (kind, question) => {
    try {
      await providerOf(kind);
      if (question === 'check') return true;
      const server = started.get(kind) ?? startServer(kind);
      started.set(kind, server);
      return await server;
    } catch (error) {
      missing.set(kind, (error as Error).message);
      if (question === 'check') return false;
      throw error;
    }
  });
  env['VYA_TEST_BROKER'] = String(broker.port);

  return async () => {
    broker.close();
    await Promise.allSettled([...started.values()].map(async (server) => (await server).stop()));
    if (missing.size > 0) report(missing);
  };

  function report(servers: Map<ServerKind, string>): void {
    const lines = [...servers].map(([kind, reason]) => `  ${kind}: ${reason}`);
    console.error(`\nSERVERS THAT COULD NOT BE HAD, their tests have proved nothing:\n${lines.join('\n')}\n`);
    if (env['CI'] === 'true') process.exitCode = 1;
  }
}
