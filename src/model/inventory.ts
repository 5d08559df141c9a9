import * as z from 'zod';

/** PostgreSQL objects live in a schema; MySQL has none, and the field is absent. */
const named = { schema: z.string().optional(), name: z.string() };
const definer = z.string().optional();

/** Stands for the rows of a table: two tables hold the same rows when their digests of one method are equal. */
export const digestSchema = z.object({
  /** Names the computation with all that it depends on; digests of different methods say nothing of each other. */
  method: z.string(),
  /** Over the columns that a dump carries faithfully. */
  value: z.string(),
  /** Columns whose values a dump may round or refuse (FLOAT, invalid dates: F53), each with a digest of its own. */
  fragile: z.array(z.object({ column: z.string(), type: z.string(), value: z.string() })).default([]),
});

export const tableSchema = z.object({
  ...named,
  /** Row count; null where the catalogue has no figure. */
  rows: z.number().nonnegative().nullable(),
  /** False: the catalogue's estimate. True: counted. */
  exact: z.boolean(),
  /** Taken in the same moment as an exact count. */
  digest: digestSchema.optional(),
  /** MySQL's storage engine. */
  engine: z.string().optional(),
  /** MySQL: of its data, without secondary indexes, as the catalogue has it. */
  bytes: z.number().nonnegative().optional(),
});

/** A backup's objects by name, taken before the dump and compared with the restored database. */
export const inventorySchema = z.object({
  tables: z.array(tableSchema),
  /** Whether the tables were counted and digested in the moment that was dumped. */
  measured: z.boolean().optional(),
  views: z.array(z.object({ ...named, materialized: z.boolean().default(false), definer })),
  routines: z.array(
    z.object({
      ...named,
      kind: z.enum(['function', 'procedure', 'aggregate', 'package', 'package body']),
      /** PostgreSQL: identity arguments. */ arguments: z.string().optional(),
      definer,
    }),
  ),
  triggers: z.array(z.object({ ...named, table: z.string(), definer })),
  events: z.array(z.object({ ...named, enabled: z.boolean(), definer })),
  sequences: z.array(z.object(named)),
  extensions: z.array(z.object({ name: z.string(), version: z.string(), schema: z.string().optional() })),
  largeObjects: z.number().int().nonnegative().default(0),
  /** What a target needs before this database can be restored there. */
  needs: z.object({
    /** PostgreSQL: roles that own objects or are named in ACLs. */
    roles: z.array(z.string()).default([]),
    /** PostgreSQL: those of them that own something, and those that something is granted to; any others are needed whatever is left out. */
    roleUses: z.object({ owners: z.array(z.string()), grants: z.array(z.string()) }).optional(),
    /** MySQL: accounts (`'user'@'host'`) that define views, routines, triggers and events. */
    definers: z.array(z.string()).default([]),
    collations: z.array(z.string()).default([]),
    tablespaces: z.array(z.string()).default([]),
    /** MySQL: storage engines other than the built-in ones of every server. */
    engines: z.array(z.string()).default([]),
  }),
  /** The database's own properties, given back to the restored one. */
  database: z.object({
    encoding: z.string(),
    collation: z.string(),
    /** PostgreSQL: LC_CTYPE. */
    ctype: z.string().optional(),
    /** PostgreSQL: libc, icu or builtin. */
    localeProvider: z.string().optional(),
    /** PostgreSQL: the ICU or builtin locale. */
    locale: z.string().optional(),
    icuRules: z.string().optional(),
    owner: z.string().optional(),
    tablespace: z.string().optional(),
    comment: z.string().optional(),
    /** PostgreSQL: -1 is no limit. */
    connectionLimit: z.number().int().optional(),
    /** PostgreSQL: datacl as its text, e.g. `{=Tc/app,app=CTc/app}`; absent for the default. */
    acl: z.array(z.string()).optional(),
    /** PostgreSQL: ALTER DATABASE … SET, and ALTER ROLE … IN DATABASE … SET where a role is named. */
    settings: z
      .array(z.object({ role: z.string().optional(), name: z.string(), value: z.string() }))
      .optional(),
    sizeBytes: z.number().nonnegative(),
  }),
});

export type Inventory = z.infer<typeof inventorySchema>;
export type TableEntry = z.infer<typeof tableSchema>;
export type TableDigest = z.infer<typeof digestSchema>;
