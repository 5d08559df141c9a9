import type { ServerInfo } from '../../../src/db/adapter.ts';
import { everyByte } from '../../samples/shop.ts';
import { type Bench, freshDatabase, inside } from './support.ts';

const bytes = everyByte.toString('hex');

/** Row formats and what ALTER TABLE leaves behind: the same rows are stored otherwise in a copy. */
const formats = [
  ...['REDUNDANT', 'COMPACT', 'DYNAMIC', 'COMPRESSED'].flatMap((format) => [
    `CREATE TABLE format_${format} (id int PRIMARY KEY, c char(20), v varchar(300), t text, b varbinary(20)) ROW_FORMAT=${format}`,
    `INSERT INTO format_${format} VALUES (1, 'pad  ', 'trail  ', REPEAT('x', 20000), x'0020'), (2, NULL, '', '', x''), (3, '', NULL, NULL, NULL)`,
  ]),
  `CREATE TABLE instant (id int PRIMARY KEY, a int, gone int)`,
  `INSERT INTO instant VALUES (1, 1, 1), (2, 2, 2)`,
  `ALTER TABLE instant ADD COLUMN b varchar(20) DEFAULT 'new', ALGORITHM=INSTANT`,
  `INSERT INTO instant VALUES (3, 3, 3, 'x')`,
  `ALTER TABLE instant DROP COLUMN gone`,
  `CREATE TABLE no_key (a int, b varchar(10))`,
  `INSERT INTO no_key VALUES (1, 'a'), (1, 'a'), (1, NULL), (NULL, NULL), (NULL, NULL), (2, '')`,
  `CREATE TABLE computed (a int, v int AS (a + 1) VIRTUAL, s int AS (a * 2) STORED)`,
  `INSERT INTO computed (a) VALUES (1), (NULL)`,
  `CREATE TABLE hidden (a int, b int INVISIBLE DEFAULT 5)`,
  `INSERT INTO hidden (a, b) VALUES (1, 2), (3, NULL)`,
  `CREATE TABLE partitioned (id int, d date) PARTITION BY RANGE COLUMNS (d) SUBPARTITION BY HASH (id) SUBPARTITIONS 2
    (PARTITION a VALUES LESS THAN ('2024-01-01'), PARTITION b VALUES LESS THAN (MAXVALUE))`,
  `INSERT INTO partitioned VALUES (1, '2023-01-01'), (2, '2025-01-01'), (3, NULL)`,
  'CREATE TABLE `names?` (`a?b` int, `c:d` int, `e``f` int, `g\\?h` int, `%` int, `名` int, `x,y` int)',
  'INSERT INTO `names?` VALUES (1, 2, 3, 4, 5, 6, 7)',
  `CREATE TABLE isam (a int, b char(10)) ENGINE=MyISAM ROW_FORMAT=FIXED`,
  `INSERT INTO isam VALUES (1, 'x '), (NULL, NULL)`,
  `CREATE TABLE many (a int) ENGINE=MERGE UNION=()`,
  `CREATE TABLE memory (a int, b varchar(10)) ENGINE=MEMORY`,
  `INSERT INTO memory VALUES (1, 'x')`,
  `CREATE TABLE csv (a int NOT NULL, b varchar(30) NOT NULL) ENGINE=CSV`,
  `INSERT INTO csv VALUES (1, 'x,"y\\n')`,
  `CREATE TABLE archive (a int, b varchar(30)) ENGINE=ARCHIVE`,
  `INSERT INTO archive VALUES (1, 'x')`,
];

const values = [
  `CREATE TABLE numbers (i tinyint zerofill, n int(8) zerofill, b bigint unsigned, d decimal(65,30), n5 decimal(5,5), r double,
    f double(30,5), z double zerofill, y year, one bit(1), nine bit(9), all_bits bit(64), yes bool)`,
  `INSERT INTO numbers VALUES
    (0, 7, 18446744073709551615, -0.000000000000000000000000000001, 0.00001, 1e-320, 123456789012345678901234.12345, 1.5, 0, 1, 511, 18446744073709551615, true),
    (1, 0, 0, -0, 0, -0e0, -0e0, 0, 2155, 0, 0, 0, false), (NULL, NULL, NULL, NULL, NULL, 1.7976931348623157e308, NULL, NULL, 1901, NULL, NULL, NULL, NULL),
    (2, 1, 1, .5, .5, 0.30000000000000004e0, 1/3, 1/3e0, 1970, 1, 1, 1, 1), (3, 1, 1, 1, .5, 4.9e-324, 1e0/3, 2e0/3, 1970, 1, 1, 1, 1)`,
  `CREATE TABLE floats (f float, g float(10,3), z float zerofill)`,
  `INSERT INTO floats VALUES (0.1, 0.1, 0.1), (16777217, 1234567.891, 1e10), (-0e0, 0, 0), (3.4e38, 1/3, 1e7/3), (1e-45, NULL, NULL), (-123456.7, 1, 1)`,
  `CREATE TABLE times (d date, t time(6), dt datetime, micro datetime(6), ts timestamp NULL, ts6 timestamp(6) NULL)`,
  `INSERT INTO times VALUES ('0000-00-00', '-838:59:59', '0000-00-00', '0000-00-00', 0, 0),
    ('2023-00-15', '00:00:00.000001', '2023-00-00', '2023-10-00 23:59:59.999999', '1970-01-01 00:00:01', '2038-01-19 03:14:07.999999'),
    ('9999-12-31', NULL, '9999-12-31 23:59:59', '1000-01-01', NULL, NULL), ('0001-01-01', '-00:00:00.5', '0001-01-01', 0, '2024-03-31 01:30:00', '2024-10-27 00:30:00.5'),
    ('2024-02-30', 0, '2024-02-30', '2024-02-30 10:10:10.123', NULL, NULL), ('0000-01-31', 0, '0000-12-31', '1900-02-29', NULL, NULL),
    ('0000-00-31', 0, '2023-00-31', '0000-00-31', NULL, NULL)`,
  `CREATE TABLE chosen (e enum('a','','ü','x,y'), s set('a','b','ü'), l enum('é','z') CHARACTER SET latin1, n enum('1','2','0'))`,
  `INSERT INTO chosen VALUES ('a', 'a,b', 'é', '1'), ('', '', 'z', '0'), ('nope', 'ü', '', ''), (NULL, NULL, NULL, NULL)`,
  `CREATE TABLE shapes (g geometry, p point, c geometrycollection)`,
  `INSERT INTO shapes VALUES (POINT(1.1, -2.2), POINT(0, 0), ST_GeomFromText('GEOMETRYCOLLECTION(POINT(1 1),LINESTRING(0 0,1 1))')), (NULL, NULL, NULL)`,
  `CREATE TABLE binaries (b binary(5), v varbinary(300), l longblob)`,
  `INSERT INTO binaries VALUES (x'0100', x'${bytes}', REPEAT(x'${bytes}', 8000)), ('', '', ''), (NULL, NULL, NULL), (x'2020202020', x'20', x'27')`,
  `CREATE TABLE documents (j json)`,
  `INSERT INTO documents VALUES ('{"b": 1, "a": [1.0, 1e5, -0.0, "\\\\u00e9\\\\n", null, true, 18446744073709551615, 1.10, 1e300, 123456789.123456789]}'), ('null'), (NULL)`,
  `CREATE TABLE long_texts (t longtext, l longtext CHARACTER SET latin1)`,
  `INSERT INTO long_texts VALUES (REPEAT('ü😀', 1000000), REPEAT('é', 3000000))`,
  `CREATE TABLE nothing (a int, f float, d date, j json)`,
];

const onlyMysql = [
  `INSERT INTO documents VALUES (JSON_ARRAY(CAST(1.10 AS DECIMAL(10,2)), CAST('2024-01-01' AS DATE), x'00ff', CAST(2.5 AS FLOAT), 1/3, CAST(9999999999999999999999.5 AS DECIMAL(40,5))))`,
  `CREATE TABLE vectors (v vector(3))`,
  `INSERT INTO vectors VALUES (TO_VECTOR('[1.5,-2,3e-7]')), (NULL)`,
  `SET SESSION sql_generate_invisible_primary_key = ON`,
  `CREATE TABLE own_key (a int)`,
  `INSERT INTO own_key VALUES (5), (5), (6)`,
  `SET SESSION sql_generate_invisible_primary_key = OFF`,
  `CREATE TABLE functional (a varchar(20), j json, KEY ((upper(a))), KEY ((CAST(j->'$.a' AS unsigned array))))`,
  `INSERT INTO functional VALUES ('a', '{"a": [1, 2]}'), (NULL, NULL)`,
];

const onlyMariadb = [
  `CREATE TABLE compressed (a varchar(3000) COMPRESSED, b text COMPRESSED, c blob COMPRESSED)`,
  `INSERT INTO compressed VALUES (REPEAT('a', 2000), REPEAT('b', 2000), REPEAT(x'00', 2000)), (NULL, '', x'')`,
  `CREATE TABLE addresses (u uuid, i inet6, j inet4)`,
  `INSERT INTO addresses VALUES (UUID(), '::1', '1.2.3.4'), (NULL, NULL, NULL)`,
  `CREATE TABLE declared (a int, s timestamp(6) GENERATED ALWAYS AS ROW START, e timestamp(6) GENERATED ALWAYS AS ROW END,
    PERIOD FOR SYSTEM_TIME (s, e)) WITH SYSTEM VERSIONING`,
  `INSERT INTO declared (a) VALUES (1)`,
  `UPDATE declared SET a = 2`,
  `DELETE FROM declared`,
  `INSERT INTO declared (a) VALUES (7)`,
  `CREATE TABLE implied (a int, b int WITHOUT SYSTEM VERSIONING) WITH SYSTEM VERSIONING`,
  `INSERT INTO implied VALUES (1, 1)`,
  `UPDATE implied SET a = 2`,
  `CREATE TABLE aria (a int, b text) ENGINE=Aria`,
  `INSERT INTO aria VALUES (1, 'x')`,
  `CREATE SEQUENCE numbering NOCACHE`,
  `CREATE TABLE numbered (a int DEFAULT nextval(numbering), b int)`,
  `INSERT INTO numbered (b) VALUES (1), (2)`,
];

/** A database with a table of every type, engine and way of storing rows that the server has. */
export async function makeZoo(bench: Bench, name: string): Promise<void> {
  await freshDatabase(bench, name);
  const charsets = await bench.admin.query<{ Charset: string; Maxlen: number }>('SHOW CHARACTER SET');
  const texts = charsets
    .filter(({ Charset }) => Charset !== 'binary')
    .flatMap(({ Charset, Maxlen }) => [
      `CREATE TABLE in_${Charset} (a varchar(100) CHARACTER SET ${Charset}, t text CHARACTER SET ${Charset})`,
      `INSERT INTO in_${Charset} VALUES (_utf8mb4 'Abc ''"\\\\ é ü ß 日本 😀 £ ~', _utf8mb4 'текст € ソ表 ～ ‖ ¢'), (NULL, '')`,
      // Bytes that stand for no character there, or for one that another byte stands for as well.
      ...(Maxlen === 1 ? [`INSERT INTO in_${Charset} VALUES ('every byte', _${Charset} x'${bytes}')`] : []),
    ]);
  await inside(
    bench,
    name,
    [...setup, ...formats, ...values, ...texts, ...ownOf(bench.adapter.server)].join(';\n'),
  );
}

const setup = [`SET sql_mode = 'NO_AUTO_VALUE_ON_ZERO,ALLOW_INVALID_DATES', time_zone = '+00:00'`];

function ownOf({ flavour }: ServerInfo): string[] {
  return flavour === 'mysql' ? onlyMysql : onlyMariadb;
}
