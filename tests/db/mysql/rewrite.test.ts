import { describe, expect, it } from 'vitest';
import {
  disableEvents,
  dropLastSemicolons,
  followInExpression,
  followRename,
} from '../../../src/db/mysql/load/rewrite.ts';
import { splitStatements } from '../../../src/db/mysql/load/statements.ts';

function rewritten(rewrite: (content: Buffer) => Buffer, text: string): string {
  return rewrite(Buffer.from(text)).toString();
}

const event = (head: string, body: string) =>
  `DELIMITER ;;\n/*!50106 CREATE*/ /*!50117 DEFINER=\`root\`@\`%\`*/ /*!50106 EVENT ${head} DO ${body} */ ;;\nDELIMITER ;\n`;

describe('events of a copy', () => {
  it('are disabled at the one place that counts (F50)', () => {
    const hostile = event(
      "`e ON COMPLETION PRESERVE ENABLE` ON SCHEDULE EVERY 1 DAY STARTS '2026-01-01 00:00:00' ON COMPLETION NOT PRESERVE ENABLE COMMENT 'ON COMPLETION PRESERVE ENABLE'",
      "INSERT INTO t VALUES ('ON COMPLETION PRESERVE ENABLE;;')",
    );
    expect(rewritten(disableEvents, hostile)).toBe(
      hostile.replace('NOT PRESERVE ENABLE COMMENT', 'NOT PRESERVE DISABLE COMMENT'),
    );
  });

  it('stay disabled, also on replicas', () => {
    const off =
      event('`a` ON SCHEDULE EVERY 1 DAY ON COMPLETION PRESERVE DISABLE', 'SET @a = 1') +
      event('`b` ON SCHEDULE EVERY 1 DAY ON COMPLETION PRESERVE DISABLE ON SLAVE', 'SET @a = 1');
    expect(rewritten(disableEvents, off)).toBe(off);
  });

  it('keep every byte of their bodies, whatever its encoding', () => {
    const bytes = Buffer.concat([
      Buffer.from(
        event('`a` ON SCHEDULE EVERY 1 DAY ON COMPLETION PRESERVE ENABLE', "SET @a = '\r\n"),
      ).subarray(0, -30),
      Buffer.from([0xff, 0xfe, 0x80, 0x0d, 0x0a]),
      Buffer.from("' */ ;;\nDELIMITER ;\n"),
    ]);
    const result = disableEvents(bytes);
    expect(result.length).toBe(bytes.length + 1);
    expect(result.includes(Buffer.from([0xff, 0xfe, 0x80, 0x0d, 0x0a]))).toBe(true);
    expect(result.includes('PRESERVE DISABLE')).toBe(true);
  });

  it.each([
    ['CREATE EVENT e ON SCHEDULE EVERY 1 SECOND DO DELETE FROM t;'],
    ['ALTER EVENT e ENABLE;'],
    ['/*!50106 create*/ /*!50106 event e on schedule every 1 second do set @a = 1 */;'],
  ])('are refused where they are not written as servers write them: %s', (statement) => {
    expect(() => disableEvents(Buffer.from(statement))).toThrow(/cannot all be switched off/);
  });

  it('are refused where a quote hides some of them', () => {
    const hidden = `SELECT 'x;\n${event('`a` ON SCHEDULE EVERY 1 DAY ON COMPLETION PRESERVE ENABLE', 'SET @a = 1')}`;
    expect(() => disableEvents(Buffer.from(hidden))).toThrow(/cannot all be switched off/);
  });
});

describe('objects that name their database', () => {
  const follow = (text: string) => rewritten((content) => followRename(content, 'my`shop', 'copy'), text);

  it('call the functions and sequences of the new one', () => {
    const view =
      '/*!50001 CREATE ALGORITHM=UNDEFINED */\n/*!50001 VIEW `v` AS select `my``shop`.`f`(`t`.`id`) AS `my``shop.f(id)`,nextval(`my``shop`.`s`) AS `n`,' +
      "`other`.`f`(1) AS `o`,'`my``shop`.`f`(1)' AS `text`,`my``shop`.`pk`.`g`(2) AS `g`,`my``shop`.`c` AS `c` from `t` `my``shop` */;\n";
    expect(follow(view)).toBe(
      view
        .replace('select `my``shop`.`f`(', 'select `copy`.`f`(')
        .replace('nextval(`my``shop`.', 'nextval(`copy`.')
        .replace('`my``shop`.`pk`.', '`copy`.`pk`.'),
    );
  });

  it.each([
    [
      'trigger `my``shop`.`t` before insert on `my``shop`.`x` for each row set @a = `my``shop`.f(1)',
      'trigger `t` before insert on `x` for each row set @a = `my``shop`.f(1)',
    ],
    [
      'TRIGGER IF NOT EXISTS shop . t AFTER UPDATE /* on */ ON shop.x FOR EACH ROW FOLLOWS u BEGIN END',
      'TRIGGER IF NOT EXISTS  t AFTER UPDATE /* on */ ON x FOR EACH ROW FOLLOWS u BEGIN END',
    ],
    [
      'TRIGGER t BEFORE DELETE ON x FOR EACH ROW SET @a = shop.x',
      'TRIGGER t BEFORE DELETE ON x FOR EACH ROW SET @a = shop.x',
    ],
  ])('make triggers where they are loaded: %s', (before, after) => {
    const wrapped = (text: string) =>
      `DELIMITER ;;\n/*!50003 CREATE*/ /*!50017 DEFINER=\`a\`@\`b\`*/ /*!50003 ${text} */;;\nDELIMITER ;\n`;
    expect(follow(wrapped(before))).toBe(wrapped(after));
  });

  it('alter the collation of the database that they are loaded into', () => {
    expect(follow('ALTER DATABASE `my``shop` CHARACTER SET latin1 COLLATE latin1_bin ;\n')).toBe(
      'ALTER DATABASE `copy` CHARACTER SET latin1 COLLATE latin1_bin ;\n',
    );
  });

  it('leave what routines say alone', () => {
    const routine =
      'DELIMITER ;;\nCREATE PROCEDURE `p`()\nBEGIN\n  -- CREATE TRIGGER shop.t BEFORE INSERT ON shop.x\n  SELECT `my``shop`.`f`(1);\nEND ;;\nDELIMITER ;\n';
    expect(follow(routine)).toBe(routine);
  });

  it('take the numbers of moved tables from the new sequence', () => {
    expect(followInExpression("(nextval(`a`.`s`) + setval(`a`.`s`, 1) + '(`a`.')", 'a', 'b')).toBe(
      "(nextval(`b`.`s`) + setval(`b`.`s`, 1) + '(`a`.')",
    );
  });
});

describe('statements of a dump', () => {
  const split = (text: string) =>
    splitStatements(text).map(({ start, end }) => text.slice(start, end).trim());

  it('end at the delimiter that holds, outside of quotes and comments', () => {
    expect(split('SELECT \';\'; SELECT "a\\";" ;-- x; y\nSELECT `;`;/* ; */ SELECT 1;# ;\n')).toEqual([
      "SELECT ';'",
      'SELECT "a\\";"',
      '-- x; y\nSELECT `;`',
      '/* ; */ SELECT 1',
    ]);
    expect(split("DELIMITER ;;\nBEGIN; it''s; END ;;\nDELIMITER ;\nSELECT 1;")).toEqual([
      "BEGIN; it''s; END",
      'SELECT 1',
    ]);
  });

  it('lose a semicolon before the end of a version comment, where no server understands it', () => {
    const trigger =
      'DELIMITER ;;\n/*!50003 CREATE*/ /*!50003 TRIGGER `t` BEFORE INSERT ON `x` FOR EACH ROW BEGIN SET @a = 1; END; */;;\nDELIMITER ;\n';
    expect(rewritten(dropLastSemicolons, trigger)).toBe(trigger.replace('END; */', 'END */'));
    const fine = trigger.replace('END; */', 'END */');
    expect(rewritten(dropLastSemicolons, fine)).toBe(fine);
  });
});
