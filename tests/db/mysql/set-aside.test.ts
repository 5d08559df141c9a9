import { describe, expect, it } from 'vitest';
import {
  chooseSetAside,
  foreignKeysOn,
  statementOn,
  statementsOff,
} from '../../../src/db/mysql/load/set-aside.ts';
import { readTableDefinition } from '../../../src/db/mysql/load/table-definition.ts';

const table = (elements: string, options = 'ENGINE=InnoDB DEFAULT CHARSET=utf8mb4') =>
  `CREATE TABLE \`t\` (\n  ${elements}\n) ${options}`;

/** The names of the keys that are set aside of a large table. */
function setAside(sql: string, others: Record<string, string> = {}): string[] {
  const definitions = new Map(
    Object.entries({ '`t`': sql, ...others }).map(
      ([name, text]) => [name, readTableDefinition(text)] as const,
    ),
  );
  return chooseSetAside(definitions, new Set(['`t`'])).flatMap(({ keys }) => keys.map(({ name }) => name));
}

const ids = '`id` int NOT NULL AUTO_INCREMENT, `a` int DEFAULT NULL, `b` varchar(30), PRIMARY KEY (`id`)';

describe('keys that are taken off a table while it is filled', () => {
  it('are those over plain columns and prefixes of them, in the server’s words', () => {
    const sql = table(`${ids},
  UNIQUE KEY \`u\` (\`b\`,\`a\`),
  KEY \`down\` (\`a\` DESC,\`b\`(10)) USING BTREE COMMENT 'x), KEY (\`'', KEY "',
  KEY \`odd \`\`), name\` (\`a\`) /*!80000 INVISIBLE */,
  KEY \`i\` (\`b\`) IGNORED`);
    const definition = readTableDefinition(sql);
    expect(definition?.keys.map(({ text }) => text)).toEqual([
      'UNIQUE KEY `u` (`b`,`a`)',
      "KEY `down` (`a` DESC,`b`(10)) USING BTREE COMMENT 'x), KEY (`'', KEY \"'",
      'KEY `odd ``), name` (`a`) /*!80000 INVISIBLE */',
      'KEY `i` (`b`) IGNORED',
    ]);
    expect(setAside(sql)).toEqual(['`u`', '`down`', '`odd ``), name`', '`i`']);
  });

  it.each([
    ['has another engine', table(`${ids}, KEY \`a\` (\`a\`)`, 'ENGINE=MyISAM')],
    ['keeps its history', table(`${ids}, KEY \`a\` (\`a\`)`, 'ENGINE=InnoDB WITH SYSTEM VERSIONING')],
    [
      'keeps the history of some columns',
      table('`id` int, `a` int WITHOUT SYSTEM VERSIONING, PRIMARY KEY (`id`), KEY `a` (`a`)'),
    ],
    [
      'has a period',
      table('`id` int, `x` date, `y` date, PRIMARY KEY (`id`), KEY `x` (`x`), PERIOD FOR `p` (`x`, `y`)'),
    ],
    ['has no primary key', table('`a` int NOT NULL, UNIQUE KEY `u` (`a`), KEY `a` (`a`)')],
    [
      'counts up in another key',
      table('`a` int NOT NULL, `n` int AUTO_INCREMENT, PRIMARY KEY (`a`), KEY `n` (`n`), KEY `an` (`a`,`n`)'),
    ],
    [
      'counts up behind the first column',
      table('`a` int, `n` int AUTO_INCREMENT, PRIMARY KEY (`a`,`n`), KEY `n` (`n`)'),
    ],
    ['holds what nobody knows', table(`${ids}, KEY \`a\` (\`a\`), NEW THING \`x\` (\`a\`)`)],
    ['is quoted otherwise', table('"id" int, PRIMARY KEY ("id"), KEY "a" ("id")')],
    ['is not quoted', table('id int, PRIMARY KEY (id), KEY a (id)')],
    ['is cut off', `${table(`${ids}, KEY \`a\` (\`a\`)`).slice(0, -60)}`],
    ['is no table', 'CREATE VIEW `t` AS select 1'],
    ['is nothing', ''],
  ])('are none where the table %s', (_why, sql) => {
    expect(setAside(sql)).toEqual([]);
  });

  it.each([
    ['expressions', 'KEY `f` ((upper(`b`)))'],
    ['arrays', "KEY `f` ((cast(json_extract(`b`,_utf8mb4'$.a') as unsigned array)))"],
    ['generated columns', 'KEY `f` (`g`)'],
    ['generated columns as MariaDB words them', 'KEY `f` (`v`)'],
    ['hashes of long values', 'UNIQUE KEY `f` (`b`) USING HASH'],
    ['shapes', 'SPATIAL KEY `f` (`b`)'],
    ['vectors', 'VECTOR KEY `f` (`b`)'],
  ])('are not those over %s, nor those that stand before them', (_what, key) => {
    const columns = '`g` int GENERATED ALWAYS AS (`a` + 1) VIRTUAL, `v` int AS (`a`) STORED';
    expect(setAside(table(`${columns}, ${ids}, KEY \`one\` (\`a\`), ${key}, KEY \`two\` (\`b\`)`))).toEqual([
      '`two`',
    ]);
  });

  it('are no FULLTEXT keys, which stand behind all others', () => {
    expect(
      setAside(
        table(`${ids}, KEY \`a\` (\`a\`), FULLTEXT KEY \`f\` (\`b\`) /*!50100 WITH PARSER \`ngram\` */`),
      ),
    ).toEqual(['`a`']);
  });

  it('are found whatever texts, checks and partitions hold', () => {
    const sql = table(
      `\`a\` int NOT NULL COMMENT 'it''s (; PRIMARY KEY (\`b\`)', \`b\` varchar(9) DEFAULT '),KEY \`z\` (\`a\`)', PRIMARY KEY (\`a\`), KEY \`b\` (\`b\`),
  CONSTRAINT \`c\` CHECK ((\`b\` <> _utf8mb4',KEY(') and (\`a\` > (1 + 2)))`,
      "ENGINE=InnoDB COMMENT='ENGINE=MyISAM (KEY'\n/*!50100 PARTITION BY HASH (`a`)\nPARTITIONS 3 */",
    );
    expect(setAside(sql)).toEqual(['`b`']);
    expect(readTableDefinition(sql)?.constraints).toEqual([
      'PRIMARY KEY (`a`)',
      'KEY `b` (`b`)',
      "CONSTRAINT `c` CHECK ((`b` <> _utf8mb4',KEY(') and (`a` > (1 + 2)))",
    ]);
  });

  it('stay where foreign keys of any table rest on them', () => {
    const sql = table(`${ids}, UNIQUE KEY \`u\` (\`B\`), KEY \`a\` (\`a\`)`);
    const child = table(
      '`x` varchar(30), KEY `x` (`x`), CONSTRAINT `fk` FOREIGN KEY (`x`) REFERENCES `t` (`b`)',
    );
    expect(setAside(sql, { '`child`': child })).toEqual(['`a`']);
    expect(setAside(sql)).toEqual(['`u`', '`a`']);
  });

  it.each([
    ['another database', 'REFERENCES `other`.`p` (`id`)'],
    ['a table that is not there', 'REFERENCES `gone` (`id`)'],
    ['a part of a key', 'REFERENCES `p` (`x`)'],
  ])('stay where their table points at %s', (_what, references) => {
    const sql = table(`${ids}, KEY \`a\` (\`a\`), CONSTRAINT \`fk\` FOREIGN KEY (\`a\`) ${references}`);
    const parent = table('`id` int, `x` int, PRIMARY KEY (`id`), UNIQUE KEY `x` (`x`,`id`)');
    expect(setAside(sql, { '`p`': parent })).toEqual([]);
  });

  it('take the foreign keys of their table with them, and come back in the same words', () => {
    const sql = table(
      `${ids}, KEY \`a\` (\`a\`), UNIQUE KEY \`b\` (\`b\`), CONSTRAINT \`f;k\` FOREIGN KEY (\`a\`) REFERENCES \`t\` (\`id\`) ON DELETE SET NULL ON UPDATE CASCADE`,
    );
    const chosen = chooseSetAside(new Map([['`t`', readTableDefinition(sql)]]), new Set(['`t`']));
    expect(statementsOff(chosen)).toBe(
      'ALTER TABLE `t` DROP FOREIGN KEY `f;k`;\nALTER TABLE `t` DROP KEY `a`, DROP KEY `b`;\n',
    );
    expect(chosen.map(statementOn)).toEqual([
      'ALTER TABLE `t` ADD KEY `a` (`a`), ADD UNIQUE KEY `b` (`b`);\n',
    ]);
    expect(foreignKeysOn(chosen)).toBe(
      'ALTER TABLE `t` ADD CONSTRAINT `f;k` FOREIGN KEY (`a`) REFERENCES `t` (`id`) ON DELETE SET NULL ON UPDATE CASCADE;\n',
    );
  });

  it('are none of a table that is small', () => {
    const definitions = new Map([['`t`', readTableDefinition(table(`${ids}, KEY \`a\` (\`a\`)`))]]);
    expect(chooseSetAside(definitions, new Set())).toEqual([]);
  });
});
