import * as z from 'zod';
import { versionSchema } from './version.ts';

/** The last words of both files of an accounts backup: one that was cut lacks them. */
export const accountsEnd = 'end of vya accounts';

/** Membership in a role. The options besides `admin` are PostgreSQL's (16 and newer). */
export const membershipSchema = z.object({
  /** The role's name, as `name` of its account. */
  role: z.string(),
  /** Whether the role may be passed on. */
  admin: z.boolean(),
  inherit: z.boolean().optional(),
  set: z.boolean().optional(),
  grantor: z.string().optional(),
});

/** MySQL and MariaDB: privileges on one object. PostgreSQL's come and go with the databases that they are in. */
export const grantSchema = z.object({
  /** The object in SQL: `*.*`, a database pattern, a table, a routine with its kind, an account for PROXY. */
  on: z.string(),
  /** Each by itself, columns one by one: ``SELECT (`name`)``. */
  privileges: z.array(z.string()),
  grantable: z.boolean(),
  /** MySQL's partial revokes: taken out of what is granted globally. */
  revoked: z.boolean().default(false),
});

/** Role attributes of PostgreSQL. */
export const attributesSchema = z.object({
  superuser: z.boolean(),
  inherit: z.boolean(),
  createRole: z.boolean(),
  createDatabase: z.boolean(),
  login: z.boolean(),
  replication: z.boolean(),
  bypassRls: z.boolean(),
  /** -1: no limit. */
  connectionLimit: z.int(),
  /** In UTC, or `infinity`. */
  validUntil: z.string().optional(),
  /** The verifier; null: there is none. Absent: it could not be read. */
  password: z.string().nullable().optional(),
});

export const accountSchema = z.object({
  /** As SQL writes it: `'app'@'%'`; PostgreSQL's roles by their plain names. Equal for one account on every server. */
  name: z.string(),
  user: z.string(),
  host: z.string().optional(),
  /** `everybody` is MariaDB's PUBLIC. */
  kind: z.enum(['user', 'role', 'everybody']),
  /** Cannot log in now: locked, or without LOGIN. */
  locked: z.boolean(),
  /** May do everything, or make accounts that may. */
  administrator: z.boolean(),
  /** The account that vya logged in with. */
  own: z.boolean(),
  /** MySQL and MariaDB: the clauses of CREATE USER, by their names. Absent for what is made without, or could not be read. */
  definition: z.record(z.string(), z.string()).optional(),
  /** MySQL: the hash of a password that was retained when it was changed, in hexadecimal digits. */
  secondPassword: z.string().optional(),
  attributes: attributesSchema.optional(),
  comment: z.string().optional(),
  memberships: z.array(membershipSchema).default([]),
  defaultRoles: z.array(z.string()).default([]),
  grants: z.array(grantSchema).default([]),
  /** PostgreSQL: ALTER ROLE … [IN DATABASE …] SET. */
  settings: z
    .array(z.object({ database: z.string().optional(), name: z.string(), value: z.string() }))
    .default([]),
  /** False: not even how it is made, or what it may do, could be read. It is listed, and nothing is restored of it. */
  captured: z.boolean().default(true),
  /** Why it could not be captured whole. */
  problems: z.array(z.string()).default([]),
});

/** What the accounts were read from, as far as it decides how they are restored. */
export const accountsSourceSchema = z.object({
  format: z.literal('vya-accounts'),
  version: z.literal(1),
  flavour: z.enum(['mysql', 'mariadb', 'postgresql']),
  server: versionSchema,
  /** MySQL: with partial revokes, `_` and `%` in a database's name are no wildcards. */
  partialRevokes: z.boolean().optional(),
  /** PostgreSQL: the role that the server was made with. */
  bootstrap: z.string().optional(),
  /** PostgreSQL: they belong to the machine, and are only reported. */
  tablespaces: z.array(z.object({ name: z.string(), owner: z.string(), location: z.string() })).default([]),
});

export type Account = z.infer<typeof accountSchema>;
export type Membership = z.infer<typeof membershipSchema>;
export type AccountGrant = z.infer<typeof grantSchema>;
export type RoleAttributes = z.infer<typeof attributesSchema>;
export type AccountsSource = z.infer<typeof accountsSourceSchema>;

/** Users, roles and grants of one server. */
export interface AccountSet {
  source: AccountsSource;
  accounts: Account[];
}
