import * as z from 'zod';
import type { EngineType } from '../model/instance.ts';
import { idPattern, idText } from '../model/id.ts';
import { pathSchema } from './path.ts';

const typeBySpelling: Record<'mysql' | 'mariadb' | 'postgresql' | 'postgres', EngineType> = {
  mysql: 'mysql',
  mariadb: 'mysql',
  postgresql: 'postgresql',
  postgres: 'postgresql',
};

/** Ids of instances and of credentials. */
const idSchema = z.string().regex(idPattern, { error: `must be ${idText}` });

// A host name or an address and nothing else: the client programs read `a=b`, `postgresql://…` and `-x` as something else.
const hostPattern =
  /^(?:[A-Za-z0-9_][A-Za-z0-9._-]*|[0-9A-Fa-f.]*:[0-9A-Fa-f.]*:[0-9A-Fa-f:.]*(?:%[A-Za-z0-9._-]+)?)$/;

const systemAuthorities = '/etc/ssl/certs/ca-certificates.crt';

/** Rules across fields run also where single fields are wrong, so that every problem is reported at once. */
const evenIfWrong = { when: () => true };

/** A field of a value that may be anything, for the rules that run on wrong values too. */
function fieldOf(value: unknown, field: string): unknown {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>)[field] : undefined;
}

const sslSchema = z
  .strictObject({
    mode: z
      .enum(['disable', 'prefer', 'require', 'verify-ca', 'verify-full'])
      .default('prefer')
      .describe(
        'How far the connection must be encrypted: `prefer` takes what the server offers, `require` insists on encryption, ' +
          '`verify-ca` checks who signed the certificate, `verify-full` also the host name in it (with MariaDB, `verify-ca` does so, too: its client programs know nothing between).',
      ),
    ca: pathSchema()
      .optional()
      .describe('File of the certificate authorities to trust; needed by `verify-ca` and `verify-full`.'),
    cert: pathSchema().optional().describe("File of the client's certificate."),
    key: pathSchema().optional().describe("File of the client certificate's private key."),
  })
  .superRefine((ssl, context) => {
    const report = (field: string, message: string) =>
      context.addIssue({ code: 'custom', path: [field], message });
    const mode = fieldOf(ssl, 'mode');
    const has = (field: string) => fieldOf(ssl, field) !== undefined;
    if (typeof mode === 'string' && mode.startsWith('verify-') && !has('ca')) {
      report('ca', `is missing: mode ${mode} needs it (the system's own list is often ${systemAuthorities})`);
    }
    if (has('cert') && !has('key')) report('key', 'is missing: cert needs it');
    if (has('key') && !has('cert')) report('cert', 'is missing: key needs it');
  }, evenIfWrong);

const globs = () => z.array(z.string().min(1)).default([]);

export const instanceSchema = z
  .strictObject({
    id: idSchema.describe(`Name of the server in commands and in the storage tree: ${idText}.`),
    type: z
      .enum(['mysql', 'postgresql', 'mariadb', 'postgres'])
      .transform((spelling) => typeBySpelling[spelling])
      .describe('Kind of server. `mysql` is MariaDB as well; `mariadb` and `postgres` are understood.'),
    host: z
      .string()
      .regex(hostPattern, {
        error:
          'must be a host name or an address, without scheme, port, brackets or path (for a path there is `socket`)',
      })
      .optional()
      .describe('Host name or address, always reached over TCP. Either this or `socket`.'),
    socket: pathSchema()
      .optional()
      .describe(
        "Unix socket instead of `host`: MySQL's socket file, or the directory of PostgreSQL's socket (its name follows from `port`).",
      ),
    port: z
      .int()
      .min(1)
      .max(65535)
      .optional()
      .describe('Port; by default 3306 for MySQL and 5432 for PostgreSQL.'),
    credential: idSchema
      .optional()
      .describe('Name of the stored credential to log in with (`vya credentials set`); by default the `id`.'),
    user: z
      .string()
      .min(1)
      .optional()
      .describe(
        'User to log in as without a password (peer, unix_socket, auth_socket, certificate), instead of a credential.',
      ),
    databases: globs().describe(
      'Names or globs (`*`, `?`, `[a-z]`) of the databases to back up; empty: all but the system databases.',
    ),
    exclude_databases: globs().describe('Names or globs of databases to leave out.'),
    accounts: z
      .boolean()
      .default(true)
      .describe('Whether `vya backup` takes users, roles and grants of the server, too.'),
    ssl: sslSchema.prefault({}).describe('Encryption of the connection (TLS).'),
    connect_timeout: z
      .int()
      .min(1)
      .max(3600)
      .default(10)
      .describe('Seconds until an attempt to connect is given up.'),
    lock_wait_timeout: z
      .int()
      .min(1)
      .max(86400)
      .default(60)
      .describe('Seconds that a query or a dump waits for a lock that somebody else holds.'),
    connect_retries: z
      .int()
      .min(0)
      .max(20)
      .default(3)
      .describe(
        'How many more times a connection is tried that is refused, or that a server which starts or is full turns away; after 1, 2, 4, … seconds.',
      ),
    dump_silence_timeout: z
      .int()
      .min(0)
      .max(604_800)
      .default(1800)
      .describe('Seconds after which a dump that moves no byte is ended; 0: never.'),
    dump_timeout: z
      .int()
      .min(0)
      .max(2_592_000)
      .default(0)
      .describe('Seconds that the dump of one database may take; 0: as long as it needs.'),
  })
  .superRefine((instance, context) => {
    const report = (field: string, message: string) =>
      context.addIssue({ code: 'custom', path: [field], message });
    const has = (field: string) => fieldOf(instance, field) !== undefined;
    if (!has('host') && !has('socket')) report('host', 'is missing: give host, or socket for a Unix socket');
    if (has('host') && has('socket')) report('socket', 'must not stand beside host: give one of the two');
    if (has('credential') && has('user')) {
      report('user', 'must not stand beside credential: user is for logins without a password');
    }
  }, evenIfWrong)
  .meta({
    oneOf: [{ required: ['host'] }, { required: ['socket'] }],
    not: { required: ['credential', 'user'] },
  });
