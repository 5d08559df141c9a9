import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { clientCommand } from '../../../src/db/mysql/client.ts';
import type { ClientProgram } from '../../../src/db/adapter.ts';
import { capture } from '../../../src/exec/capture.ts';
import type { TlsSettings } from '../../../src/model/instance.ts';
import { serverIsMissing, startServer } from '../../servers/servers.ts';
import { type Bench, flavours, freshDatabase, inside, openBench } from './support.ts';
import { targetOf } from '../target.ts';

const certificates = path.join(import.meta.dirname, '../../fixtures/tls');
const ca = path.join(certificates, 'ca.pem');
const other = path.join(certificates, 'other.pem');

/** The cipher of a client program's session, empty without TLS; or 'refused'. The dump is only asked whether it gets in. */
async function ciphers(bench: Bench, tls: TlsSettings): Promise<{ load: string; dump: string }> {
  const context = {
    target: targetOf(bench.server, { tls }),
    server: { ...bench.adapter.server, encrypted: tls.mode !== 'disable' },
  };
  const run = async (program: ClientProgram, args: string[]) => {
    try {
      const { stdout } = await capture(clientCommand(context, program, args));
      return stdout;
    } catch (error) {
      expect((error as Error).message).toMatch(/SSL|TLS|certificate/);
      return 'refused';
    }
  };
  const status = await run(bench.programs.load, ['-N', '-B', "--execute=SHOW STATUS LIKE 'Ssl_cipher'"]);
  const dump = await run(bench.programs.dump, ['--no-tablespaces', '--', 'guarded']);
  return {
    load: status === 'refused' ? status : (status.trim().split('\t')[1] ?? ''),
    dump: dump === 'refused' ? dump : 'got in',
  };
}

async function withCertificate(
  kind: (typeof flavours)[number],
  name: 'server' | 'elsewhere' | 'expired',
  work: (bench: Bench) => Promise<void>,
): Promise<void> {
  const files: Record<string, string> = {};
  for (const file of ['ca.pem', `${name}.pem`, `${name}.key`]) {
    files[file] = await readFile(path.join(certificates, file), 'utf8');
  }
  const args = ['--ssl-ca={files}/ca.pem', `--ssl-cert={files}/${name}.pem`, `--ssl-key={files}/${name}.key`];
  const server = await startServer(kind, { files, args });
  try {
    const bench = await openBench(kind, {}, server);
    try {
      await freshDatabase(bench, 'guarded');
      await inside(bench, 'guarded', 'CREATE TABLE t (id int)');
      await work(bench);
    } finally {
      await bench.close();
    }
  } finally {
    await server.stop();
  }
}

const refused = { load: 'refused', dump: 'refused' };
const encrypted = { load: expect.stringMatching(/./) as string, dump: 'got in' };

for (const kind of flavours) {
  describe.skipIf(await serverIsMissing(kind))(`TLS of the client programs of ${kind}`, () => {
    it('is as strict as each mode says (F12)', async () => {
      await withCertificate(kind, 'server', async (bench) => {
        expect(await ciphers(bench, { mode: 'disable' })).toEqual({ load: '', dump: 'got in' });
        expect(await ciphers(bench, { mode: 'prefer', ca: other })).toEqual(encrypted);
        expect(await ciphers(bench, { mode: 'require' })).toEqual(encrypted);
        expect(await ciphers(bench, { mode: 'verify-ca', ca })).toEqual(encrypted);
        expect(await ciphers(bench, { mode: 'verify-full', ca })).toEqual(encrypted);
        expect(await ciphers(bench, { mode: 'require', ca: other })).toEqual(refused);
        expect(await ciphers(bench, { mode: 'verify-ca', ca: other })).toEqual(refused);
        expect(await ciphers(bench, { mode: 'verify-full', ca: other })).toEqual(refused);
        expect(await ciphers(bench, { mode: 'verify-full' })).toEqual(refused);
      });
    });

    it('notices the certificate of another server (F12)', async () => {
      await withCertificate(kind, 'elsewhere', async (bench) => {
        expect(await ciphers(bench, { mode: 'require' })).toEqual(encrypted);
        expect(await ciphers(bench, { mode: 'verify-full', ca })).toEqual(refused);
        // MariaDB's clients check the name whenever they check at all: more than was asked for, never less.
        const chainOnly = bench.adapter.server.flavour === 'mysql' ? encrypted : refused;
        expect(await ciphers(bench, { mode: 'verify-ca', ca })).toEqual(chainOnly);
      });
    });

    it('notices a certificate that has expired (F12)', async () => {
      await withCertificate(kind, 'expired', async (bench) => {
        expect(await ciphers(bench, { mode: 'verify-ca', ca })).toEqual(refused);
        expect(await ciphers(bench, { mode: 'verify-full', ca })).toEqual(refused);
      });
    });
  });
}
