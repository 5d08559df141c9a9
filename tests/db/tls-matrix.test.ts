import path from 'node:path';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import type { ClientProgram } from '../../src/db/client-program.ts';
import { clientCommand as mysqlCommand } from '../../src/db/mysql/client.ts';
import { clientCommand as postgresqlCommand } from '../../src/db/postgresql/client.ts';
import { engineFor } from '../../src/db/registry.ts';
import type { VyaError } from '../../src/errors.ts';
import { capture } from '../../src/exec/capture.ts';
import type { InstanceTarget, TlsSettings } from '../../src/model/instance.ts';
import { workspace } from '../cli/vya.ts';
import type { TestServer } from '../servers/server.ts';
import { pathWith, serverIsMissing } from '../servers/servers.ts';
import { allShown, certificates, certificateServers, type Shown } from './certificate-server.ts';
import { targetOf } from './target.ts';

const ca = path.join(certificates, 'ca.pem');
const itself = path.join(certificates, 'selfsigned.pem');
const signal = new AbortController().signal;

type Changes = Partial<InstanceTarget>;
type Outcome = 'in clear' | 'encrypted' | 'refused';

/** What each setting makes of each certificate; `elsewhere` is for another name. */
const settings: [name: string, tls: TlsSettings, outcome: (shown: Shown) => Outcome][] = [
  ['disable', { mode: 'disable' }, () => 'in clear'],
  ['prefer', { mode: 'prefer' }, wherePossible],
  ['prefer, with an authority', { mode: 'prefer', ca }, wherePossible],
  ['require', { mode: 'require' }, encryptedFor('server', 'expired', 'selfsigned', 'elsewhere')],
  ['require, with an authority', { mode: 'require', ca }, encryptedFor('server', 'elsewhere')],
  ['verify-ca', { mode: 'verify-ca', ca }, encryptedFor('server', 'elsewhere')],
  ['verify-ca, trusting the self-signed', { mode: 'verify-ca', ca: itself }, encryptedFor('selfsigned')],
  ['verify-full', { mode: 'verify-full', ca }, encryptedFor('server')],
  ["verify-full, trusting the system's own authorities", { mode: 'verify-full' }, encryptedFor()],
  ['verify-full, trusting the self-signed', { mode: 'verify-full', ca: itself }, encryptedFor('selfsigned')],
];

function wherePossible(shown: Shown): Outcome {
  return shown === 'nothing' ? 'in clear' : 'encrypted';
}

function encryptedFor(...good: Shown[]): (shown: Shown) => Outcome {
  return (shown) => (good.includes(shown) ? 'encrypted' : 'refused');
}

/** MariaDB's clients check the name whenever they check the authority, and vya's own session follows them: stricter, never weaker. */
function expectedOf(kind: string, shown: Shown): Record<string, { session: Outcome; programs: Outcome }> {
  return Object.fromEntries(
    settings.map(([name, { mode, ca: authority }, outcome]) => {
      const namesToo =
        kind.startsWith('mariadb') && shown === 'elsewhere' && mode !== 'prefer' && authority !== undefined;
      const same = namesToo ? 'refused' : outcome(shown);
      // A MariaDB client of before 11.4 would go on in clear here, were it started: the session has been refused by then.
      const goesOn = kind.startsWith('mariadb') && shown === 'nothing' && name === 'require';
      return [name, { session: same, programs: goesOn ? 'in clear' : same }];
    }),
  );
}

async function sessionOf(server: TestServer, changes: Changes): Promise<Outcome> {
  const engine = await engineFor(server.type);
  try {
    const adapter = await engine.connect(targetOf(server, changes), { signal });
    await adapter.close();
    return adapter.server.encrypted ? 'encrypted' : 'in clear';
  } catch (error) {
    expect(error).toMatchObject({ kind: 'connection', message: expect.stringMatching(/TLS/) as string });
    return 'refused';
  }
}

/** How the programs that ask and that dump get in, started as they are beside a session of that kind. */
async function programsOf(server: TestServer, changes: Changes, encrypted: boolean): Promise<Outcome> {
  const engine = await engineFor(server.type);
  const helper = await engine.connect(targetOf(server), { signal });
  await helper.close();
  const programs = await engine.findPrograms(helper.server, { PATH: await pathWith(server) });
  const target = targetOf(server, changes);
  const run = async (program: ClientProgram, args: string[]): Promise<string> => {
    const reach = { target, encrypted, applicationName: 'vya', sessionOptions: { client: '', load: '' } };
    const command =
      server.type === 'mysql'
        ? mysqlCommand({ target, server: { ...helper.server, encrypted } }, program, args)
        : postgresqlCommand(reach, program, args, { database: 'postgres' });
    return await capture(command).then(
      ({ stdout }) => stdout.trim(),
      (error: VyaError) => {
        expect(error.message).toMatch(/SSL|TLS|certificate/i);
        return 'refused';
      },
    );
  };
  const [question, dump] =
    server.type === 'mysql'
      ? [
          ['-NB', "--execute=SHOW STATUS LIKE 'Ssl_cipher'"],
          ['--no-data', 'mysql', 'db'],
        ]
      : [['-XAtqc', 'SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()'], ['--schema-only']];
  const answer = await run(programs.query, question);
  expect((await run(programs.dump, dump)) === 'refused').toBe(answer === 'refused');
  if (answer === 'refused') return answer;
  return /^(Ssl_cipher\t.+|t)$/.test(answer) ? 'encrypted' : 'in clear';
}

/** Who gets in with each setting, by its name. */
async function seenOn(server: TestServer, changes: Changes = {}): Promise<ReturnType<typeof expectedOf>> {
  const seen: ReturnType<typeof expectedOf> = {};
  for (const [name, tls] of settings) {
    const session = await sessionOf(server, { ...changes, tls });
    seen[name] = { session, programs: await programsOf(server, { ...changes, tls }, session !== 'in clear') };
  }
  return seen;
}

/** What `vya check` says to a server with these settings. */
async function check(server: TestServer, ssl: TlsSettings) {
  const space = await workspace({ instances: [{ id: 'shop', server, settings: { ssl } }] });
  onTestFinished(() => space.remove());
  const result = await space.vya(['check', '--format', 'json']);
  return { code: result.code, ...result.json<{ error: { code: number; kind: string; message: string } }>() };
}

for (const kind of ['mysql-9.7', 'mariadb-10.11', 'postgresql-18'] as const) {
  describe.skipIf(await serverIsMissing(kind))(`TLS with ${kind}`, () => {
    const certificateServer = certificateServers[kind]();
    afterAll(() => certificateServer.stop());

    describe.each(allShown)('whose server shows the certificate “%s”', (shown) => {
      let server: TestServer;
      beforeAll(async () => {
        server = await certificateServer.show(shown);
      });

      test("vya's session and the client programs both get in, or neither, as each mode says (F12)", async () => {
        expect(await seenOn(server)).toEqual(expectedOf(kind, shown));
      });

      // PostgreSQL has no TLS there. `prefer` asks for none: nothing is carried over a network.
      if (kind !== 'postgresql-18' && shown === 'elsewhere') {
        test('over a Unix socket both get in, or neither, for a certificate with another name (F12)', async () => {
          // A server in a container has no socket on some machines.
          const { socket, port, host } = server;
          const seen = await seenOn(server, { endpoint: socket === '' ? { host, port } : { socket, port } });
          const unencrypted = { session: 'in clear', programs: 'in clear' };
          expect(seen).toEqual({
            ...expectedOf(kind, shown),
            ...(socket !== '' && { prefer: unencrypted, 'prefer, with an authority': unencrypted }),
          });
        });
      }

      if (shown === 'expired') {
        test('vya check with verify-full ends with 6 and says that it has expired (F12)', async () => {
          expect(await check(server, { mode: 'verify-full', ca })).toMatchObject({
            code: 6,
            error: {
              code: 6,
              kind: 'connection',
              message: expect.stringMatching(/certificate of the server has expired/) as string,
            },
          });
        });
      }

      if (shown === 'nothing') {
        test('vya check with require ends with 6 and says that the server offers no TLS (F12)', async () => {
          expect(await check(server, { mode: 'require' })).toMatchObject({
            code: 6,
            error: {
              code: 6,
              kind: 'connection',
              message: expect.stringMatching(/the server offers no TLS/) as string,
            },
          });
        });
      }
    });
  });
}
