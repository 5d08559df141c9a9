import { spawn } from 'node:child_process';
import { chmod, mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { execPath } from 'node:process';
import { fileURLToPath } from 'node:url';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { readAudit } from '../../src/storage/audit-trail.ts';
import { workspace, type Workspace } from '../cli/vya.ts';
import { treeOf } from '../contract/tree.ts';
import type { ServerKind } from '../servers/kinds.ts';
import type { TestServer } from '../servers/server.ts';
import { serverIsMissing, startServer } from '../servers/servers.ts';
import { installed, liveIn, sellBooks, type ServerState, stateOf } from './lived-in.ts';

const runbook = fileURLToPath(new URL('../../docs/disaster-recovery.md', import.meta.url));
const main = fileURLToPath(new URL('../../src/cli/main.ts', import.meta.url));

/** The blocks of the runbook that are commands, in their order. */
async function blocks(): Promise<string[]> {
  const document = await readFile(runbook, 'utf8');
  return [...document.matchAll(/^```sh run\n(.*?)^```$/gms)].map(([, block = '']) => block);
}

for (const kind of ['mariadb-10.11', 'postgresql-18'] satisfies ServerKind[]) {
  describe.skipIf(await serverIsMissing(kind))(`the runbook on ${kind}`, { timeout: 600_000 }, () => {
    let bare: TestServer;
    let old: Workspace;
    let original: ServerState;
    let sales: Awaited<ReturnType<typeof sellBooks>>;

    beforeAll(async () => {
      const server = await startServer(kind);
      try {
        await liveIn(server);
        old = await workspace({ instances: [{ id: 'prod', server, settings: { accounts: true } }] });
        const made = await old.vya(['backup', '--format', 'json']);
        expect(made.code, made.stdout + made.stderr).toBe(0);
        original = await stateOf(server);
        sales = await sellBooks(server);
      } finally {
        await server.stop();
      }
      bare = await startServer(kind);
      await installed(bare);
    });
    afterAll(async () => {
      await Promise.all([bare?.stop(), old?.remove()]);
    });

    test('leads from the storage folder alone to a server on which nothing differs, line by line', async () => {
      const host = join(old.path, 'new-host');
      const places: [RegExp, string][] = [
        [/\/mnt\/backups/g, old.storagePath],
        [/\/etc\/vya/g, join(host, 'etc')],
        [/\/var\/backups\/vya/g, join(host, 'backups')],
        [/type: mysql/g, `type: ${bare.type}`],
        [/host: 127\.0\.0\.1/g, `host: ${bare.host}`],
        [/port: 3306/g, `port: ${bare.port}`],
        [/--username root/g, `--username ${bare.admin.user}`],
      ];
      const command = join(host, 'bin/vya');
      await mkdir(dirname(command), { recursive: true });
      await writeFile(command, `#!/bin/sh\nexec '${execPath}' '${main}' "$@"\n`);
      await chmod(command, 0o755);
      const env = {
        ...old.env,
        PATH: `${dirname(command)}:${old.env['PATH']}`,
        VYA_CONFIG_PATH: join(host, 'etc/config.yaml'),
        // Nothing here decrypts what the old host has encrypted.
        VYA_SECRETS_PATH: join(host, 'etc/secrets/credentials.json'),
      };
      const stored = await backupsIn(old.storagePath);
      const noted = await readAudit(old.storagePath);
      const said: string[] = [];
      for (const block of await blocks()) {
        const script = places.reduce((line, [what, by]) => line.replaceAll(what, () => by), block);
        said.push(await shell(script, env, `${bare.admin.password}\n`));
      }
      expect(said).toHaveLength(7);
      expect(said[0]).toContain('prod');
      expect(said[4]).toMatch(/ 0 were there already, 0 failed/);
      expect(said[5]).toMatch(/ 0 restored, \d+ were there already, 0 failed/);
      expect(await backupsIn(old.storagePath)).toEqual(stored);
      const trail = await readAudit(old.storagePath);
      expect(trail.slice(0, noted.length)).toEqual(noted);
      expect(new Set(trail.slice(noted.length).map(({ action }) => action))).toEqual(
        new Set(['restore', 'restore-accounts']),
      );
      expect(await stateOf(bare)).toEqual(original);
      expect(await sellBooks(bare)).toEqual(sales);
    });
  });
}

/** All that a restore leaves as it is: everything but the audit trail, to which it adds. */
async function backupsIn(storage: string): Promise<Record<string, string>> {
  const all = Object.entries(await treeOf(storage));
  return Object.fromEntries(all.filter(([path]) => path.split('/')[0] !== '.audit'));
}

/** Runs a block as somebody would who types it, and fails with what was said at the first line that fails. */
async function shell(script: string, env: NodeJS.ProcessEnv, input: string): Promise<string> {
  const child = spawn('/bin/sh', ['-e', '-c', script], { env, stdio: ['pipe', 'pipe', 'pipe'] });
  child.stdin.on('error', () => {});
  child.stdin.end(input);
  const [stdout, stderr, code] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    new Promise((resolve) => child.once('close', resolve)),
  ]);
  if (code !== 0) throw new Error(`${script}\nended with ${String(code)}\n${stdout}\n${stderr}`);
  return stdout;
}
