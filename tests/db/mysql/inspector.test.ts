import { expect, test } from 'vitest';
import type { StoredPart } from '../../../src/db/adapter.ts';
import { verdicts } from '../../../src/db/archive-check.ts';
import { passingInspector } from '../../../src/db/mysql/load/inspect.ts';
import type { Command } from '../../../src/exec/command.ts';
import { runPipeline } from '../../../src/exec/pipeline.ts';
import { ProgramFailure } from '../../../src/exec/program-failure.ts';

const { signal } = new AbortController();
const env = { PATH: '/usr/bin:/bin' };
const part: StoredPart = { path: '', format: 'sql', holds: ['rows'] };
const mode = "SET SQL_MODE='NO_AUTO_VALUE_ON_ZERO';\n";
const row = `INSERT INTO t VALUES (1,'${"it\\'s; ".repeat(200)}');\n`;
const end = '-- Dump completed\n';
const everything = Number.MAX_SAFE_INTEGER;

/** What comes out of an inspector, and how it ends. */
async function inspect(
  dump: string,
  { trusted = false, largest = everything } = {},
): Promise<{ passed: string; verdict: number; why: string }> {
  const inspector = passingInspector(part, trusted ? undefined : 'shop', largest);
  const shell: Command = { file: '/bin/sh', args: ['-c', 'cat'], env };
  try {
    const passed = await runPipeline([inspector, shell], {
      signal,
      input: Buffer.from(dump),
      output: 'keep',
    });
    return { passed: passed.toString(), verdict: 0, why: '' };
  } catch (error) {
    expect(error).toBeInstanceOf(ProgramFailure);
    const { command, ended } = error as ProgramFailure;
    expect(command).toBe(inspector);
    // There is no output of a pipe that failed.
    const alone = await runPipeline([tolerant(inspector)], {
      signal,
      input: Buffer.from(dump),
      output: 'keep',
    });
    return { passed: alone.toString(), verdict: ended.code ?? -1, why: ended.stderr };
  }
}

/** The same program, whose failure is none. */
function tolerant({ file, args, env: own }: Command): Command {
  return { file: '/bin/sh', args: ['-c', '"$@"; true', 'sh', file, ...args], env: own };
}

test('what is in order is passed on to the last byte', async () => {
  const dump = mode + row.repeat(2_000) + end;
  expect(await inspect(dump)).toEqual({ passed: dump, verdict: 0, why: '' });
  expect(await inspect(dump, { trusted: true })).toEqual({ passed: dump, verdict: 0, why: '' });
});

test.each(['USE other', 'INSERT INTO other.t VALUES (1)', 'system touch /x', 'DROP TABLE\nother.t'])(
  'the end of %j is never passed on, however far it stands in the dump (F23, F26)',
  async (statement) => {
    const before = mode + row.repeat(1_000);
    const { passed, verdict, why } = await inspect(`${before}${statement};\n${row.repeat(1_000)}${end}`);
    expect(verdict).toBe(verdicts.refused);
    expect(why).toMatch(/^holds the statement “/);
    expect(`${before}${statement}`.startsWith(passed)).toBe(true);
  },
);

test('a statement is trusted where all are', async () => {
  const dump = `${mode}USE other;\n${end}`;
  expect(await inspect(dump, { trusted: true })).toMatchObject({ passed: dump, verdict: 0 });
});

test.each([false, true])('a dump without its end is not whole (F16), trusted: %s', async (trusted) => {
  const { verdict, why } = await inspect(mode + row.repeat(100), { trusted });
  expect(verdict).toBe(verdicts.notWhole);
  expect(why).toBe('does not end with “-- Dump completed”');
});

test('a dump that was cut within a text is not whole, and no malice', async () => {
  const { verdict } = await inspect(mode + row.repeat(100) + row.slice(0, 60));
  expect(verdict).toBe(verdicts.notWhole);
});

test.each([false, true])(
  'no more is passed on than may come out of the archive, trusted: %s',
  async (trusted) => {
    const { passed, verdict, why } = await inspect(mode + row.repeat(5_000) + end, {
      trusted,
      largest: 1_000_000,
    });
    expect(verdict).toBe(verdicts.tooLarge);
    expect(why).toBe('expands to more than 1000000 bytes');
    expect(passed.length).toBeLessThanOrEqual(1_000_000);
  },
);
