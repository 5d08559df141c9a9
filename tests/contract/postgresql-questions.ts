const ours = `n.nspname NOT IN ('pg_catalog', 'information_schema', 'pg_toast')`;

/** Grants as sorted text; no entry means the default for the kind of object, and a restore may spell that out or not. */
const acl = (column: string, kind: string, owner: string): string =>
  `(SELECT string_agg(a::text, ' ' ORDER BY a::text COLLATE "C") FROM unnest(coalesce(${column}, acldefault('${kind}', ${owner}))) a)`;

/** An extension's version tells of its members. */
const notMember = (catalogue: string, oid: string): string =>
  `NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = '${catalogue}'::regclass AND d.objid = ${oid} AND d.deptype = 'e')`;

const relation = `format('%I.%I', n.nspname, c.relname)`;
/** As text: beside a name, UNION takes texts for names and cuts them after 63 bytes. */
const owner = (column: string): string => `pg_get_userbyid(${column})::text`;

/** Each answers with rows of `key` and `value`. None names the database itself. PostgreSQL 15.20 and its like keep a private `pg_attver`. */
export const postgresqlQuestions: string[] = [
  `SELECT 'database' AS key, row_to_json(d)::text AS value FROM
     (SELECT to_jsonb(b) - 'oid' - 'datname' - 'datdba' - 'datacl' - 'datfrozenxid' - 'datminmxid' - 'dattablespace'
        - 'datlastsysoid' - 'datcollversion' AS properties
      FROM pg_database b WHERE datname = current_database()) d`,
  `SELECT 'owner of database' AS key, ${owner('datdba')} AS value FROM pg_database WHERE datname = current_database()
   UNION ALL SELECT 'acl of database', ${acl('datacl', 'd', 'datdba')} FROM pg_database WHERE datname = current_database()
   UNION ALL SELECT 'comment on database', shobj_description(oid, 'pg_database') FROM pg_database WHERE datname = current_database()
   UNION ALL SELECT 'setting of database ' || coalesce('for ' || ${owner('nullif(setrole, 0)')} || ' ', '') || split_part(s, '=', 1), s
     FROM pg_db_role_setting, unnest(setconfig) s
     WHERE setdatabase = (SELECT oid FROM pg_database WHERE datname = current_database())`,

  `SELECT 'owner of schema ' || n.nspname AS key, ${owner('nspowner')} AS value FROM pg_namespace n WHERE ${ours} AND nspname !~ '^pg_'
   UNION ALL SELECT 'acl of schema ' || n.nspname, ${acl('nspacl', 'n', 'nspowner')} FROM pg_namespace n WHERE ${ours} AND nspname !~ '^pg_'`,

  `SELECT 'relation ' || ${relation} AS key, concat_ws(' | ', relkind, relpersistence, reloptions::text, relispopulated,
       'rls ' || relrowsecurity::text || relforcerowsecurity, 'identity ' || relreplident::text, pg_get_expr(relpartbound, c.oid),
       pg_get_partkeydef(c.oid), (SELECT amname FROM pg_am WHERE oid = relam), reloftype::regtype,
       (SELECT string_agg(inhparent::regclass::text, ',' ORDER BY inhseqno) FROM pg_inherits WHERE inhrelid = c.oid)) AS value
   FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace WHERE ${ours} AND relkind <> 't'`,
  `SELECT 'owner of ' || ${relation} AS key, ${owner('relowner')} AS value
   FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace WHERE ${ours} AND relkind IN ('r','p','v','m','S','f')
   UNION ALL SELECT 'acl of ' || ${relation},
     CASE relkind WHEN 'S' THEN ${acl('relacl', 's', 'relowner')} ELSE ${acl('relacl', 'r', 'relowner')} END
   FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace WHERE ${ours} AND relkind IN ('r','p','v','m','S','f')`,
  `SELECT 'columns of ' || ${relation} AS key, string_agg(concat_ws(' ', quote_ident(attname), format_type(atttypid, atttypmod),
       'notnull ' || attnotnull::text, 'default ' || pg_get_expr(adbin, adrelid), 'identity ' || attidentity::text, 'generated ' || attgenerated::text,
       (SELECT collname FROM pg_collation l WHERE l.oid = attcollation), 'storage ' || attstorage::text, 'target ' || attstattarget,
       (SELECT array_agg(o)::text FROM unnest(attoptions) o WHERE o !~ '^pg_attver='), attfdwoptions::text, 'local ' || attislocal || attinhcount, 'compression ' || attcompression::text),
       E'\n' ORDER BY attnum) AS value
   FROM pg_attribute a JOIN pg_class c ON c.oid = attrelid JOIN pg_namespace n ON n.oid = relnamespace
     LEFT JOIN pg_attrdef ON adrelid = attrelid AND adnum = attnum
   WHERE ${ours} AND attnum > 0 AND NOT attisdropped AND relkind <> 't' GROUP BY 1`,
  `SELECT 'acl of column ' || ${relation} || '.' || quote_ident(attname) AS key,
       (SELECT string_agg(x::text, ' ' ORDER BY x::text COLLATE "C") FROM unnest(attacl) x) AS value
   FROM pg_attribute a JOIN pg_class c ON c.oid = attrelid JOIN pg_namespace n ON n.oid = relnamespace
   WHERE ${ours} AND attacl IS NOT NULL`,

  `SELECT 'constraint ' || conname || ' on ' || conrelid::regclass || ' ' || contypid::regtype AS key, concat_ws(' | ',
       pg_get_constraintdef(c.oid), condeferrable, condeferred, convalidated, conislocal, coninhcount, contype = 'c' AND connoinherit) AS value
   FROM pg_constraint c JOIN pg_namespace n ON n.oid = connamespace WHERE ${ours} AND contype <> 'n'`,
  `SELECT 'index ' || ${relation} AS key, concat_ws(' | ', pg_get_indexdef(c.oid), indisvalid, indisclustered, indisreplident, indisprimary) AS value
   FROM pg_index i JOIN pg_class c ON c.oid = indexrelid JOIN pg_namespace n ON n.oid = relnamespace WHERE ${ours}`,
  `SELECT 'view ' || ${relation} AS key, pg_get_viewdef(c.oid) AS value
   FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace WHERE ${ours} AND relkind IN ('v', 'm')`,
  `SELECT 'rule ' || rulename || ' on ' || ev_class::regclass AS key, pg_get_ruledef(r.oid) || ev_enabled::text AS value FROM pg_rewrite r
   JOIN pg_class c ON c.oid = ev_class JOIN pg_namespace n ON n.oid = relnamespace WHERE ${ours} AND rulename <> '_RETURN'`,
  `SELECT 'trigger ' || tgname || ' on ' || tgrelid::regclass AS key, pg_get_triggerdef(t.oid) || ' ' || tgenabled::text AS value
   FROM pg_trigger t JOIN pg_class c ON c.oid = tgrelid JOIN pg_namespace n ON n.oid = relnamespace WHERE ${ours} AND NOT tgisinternal`,
  `SELECT 'policy ' || policyname || ' on ' || tablename AS key, row_to_json(p)::text AS value FROM pg_policies p`,
  `SELECT 'event trigger ' || evtname AS key, concat_ws(' | ', evtevent, evtfoid::regprocedure, evtenabled, evttags::text) AS value FROM pg_event_trigger`,

  `SELECT 'function ' || p.oid::regprocedure AS key, CASE WHEN prokind = 'a' THEN
       (SELECT concat_ws(' ', aggtransfn, aggfinalfn, aggtranstype::regtype, agginitval) FROM pg_aggregate WHERE aggfnoid = p.oid)
       ELSE pg_get_functiondef(p.oid) END AS value
   FROM pg_proc p JOIN pg_namespace n ON n.oid = pronamespace WHERE ${ours} AND ${notMember('pg_proc', 'p.oid')}
   UNION ALL SELECT 'owner of function ' || p.oid::regprocedure, ${owner('proowner')}
   FROM pg_proc p JOIN pg_namespace n ON n.oid = pronamespace WHERE ${ours} AND ${notMember('pg_proc', 'p.oid')}
   UNION ALL SELECT 'acl of function ' || p.oid::regprocedure, ${acl('proacl', 'f', 'proowner')}
   FROM pg_proc p JOIN pg_namespace n ON n.oid = pronamespace WHERE ${ours} AND ${notMember('pg_proc', 'p.oid')}`,

  `SELECT 'type ' || t.oid::regtype AS key, concat_ws(' | ', typtype, typnotnull, format_type(typbasetype, typtypmod), typdefault,
       (SELECT string_agg(enumlabel, ',' ORDER BY enumsortorder) FROM pg_enum WHERE enumtypid = t.oid),
       (SELECT concat_ws(' ', rngsubtype::regtype, rngcollation, rngsubdiff) FROM pg_range WHERE rngtypid = t.oid)) AS value
   FROM pg_type t JOIN pg_namespace n ON n.oid = typnamespace WHERE ${ours}
   UNION ALL SELECT 'owner of type ' || t.oid::regtype, ${owner('typowner')}
   FROM pg_type t JOIN pg_namespace n ON n.oid = typnamespace WHERE ${ours} AND typrelid = 0
   UNION ALL SELECT 'acl of type ' || t.oid::regtype, ${acl('typacl', 'T', 'typowner')}
   FROM pg_type t JOIN pg_namespace n ON n.oid = typnamespace WHERE ${ours} AND typrelid = 0`,

  `SELECT 'sequence ' || format('%I.%I', schemaname, sequencename) AS key, concat_ws(' ', (to_jsonb(s) - 'sequenceowner')::text,
       (SELECT refobjid::regclass || '.' || refobjsubid FROM pg_depend
        WHERE objid = format('%I.%I', schemaname, sequencename)::regclass AND deptype IN ('a', 'i') AND refobjsubid > 0)) AS value
   FROM pg_sequences s`,

  `SELECT 'extension ' || extname AS key, concat_ws(' ', extversion, extnamespace::regnamespace) AS value FROM pg_extension`,
  `SELECT 'collation ' || collname AS key, (to_jsonb(c) - 'oid' - 'collnamespace' - 'collowner' - 'collversion')::text AS value
   FROM pg_collation c JOIN pg_namespace n ON n.oid = collnamespace WHERE ${ours}`,
  `SELECT 'statistics ' || stxname AS key, pg_get_statisticsobjdef(oid) AS value FROM pg_statistic_ext`,
  `SELECT 'publication ' || pubname AS key, concat_ws(' ', (to_jsonb(p) - 'oid' - 'pubowner')::text,
       (SELECT string_agg(t::text, ' ' ORDER BY t::text) FROM pg_publication_tables t WHERE t.pubname = p.pubname)) AS value FROM pg_publication p
   UNION ALL SELECT 'owner of publication ' || pubname, ${owner('pubowner')} FROM pg_publication`,
  `SELECT 'cast ' || format_type(castsource, NULL) || ' to ' || format_type(casttarget, NULL) AS key, concat_ws(' ', castfunc::regprocedure, castcontext, castmethod) AS value
   FROM pg_cast WHERE oid >= 16384`,
  `SELECT 'text search ' || cfgname || ' ' || maptokentype || ' ' || mapseqno AS key, mapdict::regdictionary::text AS value
   FROM pg_ts_config c JOIN pg_namespace n ON n.oid = cfgnamespace JOIN pg_ts_config_map ON mapcfg = c.oid WHERE ${ours}`,
  `SELECT 'foreign server ' || srvname AS key, concat_ws(' ', srvoptions::text, fdwname, fdwoptions::text) AS value
   FROM pg_foreign_server JOIN pg_foreign_data_wrapper w ON w.oid = srvfdw
   UNION ALL SELECT 'acl of foreign server ' || srvname, ${acl('srvacl', 'S', 'srvowner')} FROM pg_foreign_server
   UNION ALL SELECT 'foreign table ' || ftrelid::regclass, ftoptions::text FROM pg_foreign_table`,
  `SELECT 'acl by default for ' || ${owner('defaclrole')} || ' ' || defaclobjtype::text || ' in ' || defaclnamespace::regnamespace AS key,
       (SELECT string_agg(x::text, ' ' ORDER BY x::text COLLATE "C") FROM unnest(defaclacl) x) AS value FROM pg_default_acl`,

  `SELECT 'rows of large object ' || oid AS key, md5(lo_get(oid)) AS value FROM pg_largeobject_metadata
   UNION ALL SELECT 'owner of large object ' || oid, ${owner('lomowner')} FROM pg_largeobject_metadata
   UNION ALL SELECT 'acl of large object ' || oid, ${acl('lomacl', 'L', 'lomowner')} FROM pg_largeobject_metadata`,

  `SELECT 'comment on ' || o.type || ' ' || o.identity AS key, description AS value
   FROM pg_description, pg_identify_object(classoid, objoid, objsubid) o
   WHERE objoid >= 16384 OR classoid = 'pg_namespace'::regclass OR classoid = 'pg_largeobject'::regclass`,
];
