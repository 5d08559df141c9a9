import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { accountsState } from '../accounts/state.ts';
import { type VyaResult, workspace, type Workspace } from '../cli/vya.ts';
import { databasesOf } from '../contract/contract.ts';
import type { ServerKind } from '../servers/kinds.ts';
import type { TestServer } from '../servers/server.ts';
import { serverIsMissing, startServer } from '../servers/servers.ts';
import { installed, liveIn, type ServerState, stateOf } from './lived-in.ts';

const kinds: ServerKind[] = ['mysql-9.7', 'postgresql-18'];
const restore = ['restore', '--instance', 'main', '--all', '--latest', '--target-instance', 'new'];

for (const kind of kinds) {
  describe.skipIf(await serverIsMissing(kind))(`a restore of a whole ${kind}`, { timeout: 300_000 }, () => {
    let old: Workspace;
    let original: ServerState;
    let bare: TestServer;
    let space: Workspace;

    beforeAll(async () => {
      const server = await startServer(kind);
      try {
        await liveIn(server);
        old = await workspace({ instances: [{ id: 'main', server, settings: { accounts: true } }] });
        const made = await old.vya(['backup']);
        expect(made.code, made.stdout + made.stderr).toBe(0);
        original = await stateOf(server);
      } finally {
        await server.stop();
      }
    });
    beforeEach(async () => {
      bare = await startServer(kind);
      await installed(bare);
      space = await workspace({
        instances: [{ id: 'new', server: bare }],
        storage: { base_path: old.storagePath },
      });
    });
    afterEach(async () => {
      await Promise.all([bare?.stop(), space?.remove()]);
    });
    afterAll(async () => {
      await old?.remove();
    });

    /** Kills a restore as soon as `seen`, or lets it end when that is never seen. */
    async function killOnce(seen: () => Promise<boolean>): Promise<void> {
      const { child, result } = space.start(restore);
      let ended: VyaResult | undefined;
      void result.then((value) => (ended = value));
      while (!ended && !(await seen())) await new Promise((resolve) => setTimeout(resolve, 5));
      child.kill('SIGKILL');
      await result;
    }

    test.each([
      {
        moment: 'while accounts are made',
        seen: async () => Object.keys(await accountsState(bare)).length > 3 || (await rolesOf(bare)) > 1,
      },
      { moment: 'when the first database is there', seen: async () => (await restored(bare)) > 0 },
      { moment: 'when the second database is there', seen: async () => (await restored(bare)) > 1 },
    ])('that is killed $moment is completed by running it again', async ({ seen }) => {
      await killOnce(seen);
      const again = await space.vya(restore);
      expect(again.code, again.stdout + again.stderr).toBe(0);
      expect(await stateOf(bare)).toEqual(original);
    });
  });
}

async function restored(server: TestServer): Promise<number> {
  return (await databasesOf(server)).filter((name) => !name.startsWith('vya_tmp_')).length;
}

async function rolesOf(server: TestServer): Promise<number> {
  const { roles } = await accountsState(server);
  return Array.isArray(roles) ? roles.length : 0;
}
