import { expect, test } from 'vitest';
import { createProgress } from '../../src/cli/output/progress.ts';
import { createLog } from '../../src/log.ts';
import { progressMeter } from '../../src/operations/progress-meter.ts';

const log = createLog({ level: 'CRITICAL', format: 'text', output: 'console' });

/** What is written to something of that kind. */
function screen(kind: { isTTY: boolean; columns?: number }, how = { quiet: false, dumb: false }) {
  const written: string[] = [];
  const out = { ...kind, write: (text: string) => written.push(text) } as unknown as NodeJS.WriteStream;
  return { written, progress: createProgress(out, log, how) };
}

const line = (written: readonly string[]): string => (written.at(-1) ?? '').replace('\r\u001B[K', '');

test('one thing: bytes, speed, time, and a share only of a whole that is known', () => {
  const { written, progress } = screen({ isTTY: true, columns: 100 });
  progress.begin('main/shop').update(1_500_000);
  expect(line(written)).toMatch(/^main\/shop: 1\.5 MB, [\d.]+ .?B\/s, [\d.]+ s$/);
});

test('a share is never 100 % before the end', () => {
  const { written, progress } = screen({ isTTY: true, columns: 100 });
  progress.begin('reading main/shop', 1_000).update(5_000);
  expect(line(written)).toMatch(/, 99 %$/);
});

test('a line is never wider than the terminal, also of wide characters', () => {
  const { written, progress } = screen({ isTTY: true, columns: 20 });
  progress.begin('店舗データベース店舗データベース').update(1);
  expect(line(written)).toBe('店舗データベース店…'.slice(0, 9) + '…');
});

test('the line is emptied when the last one is done, and nothing is written where nothing was', () => {
  const { written, progress } = screen({ isTTY: true, columns: 100 });
  const [first, second] = [progress.begin('a'), progress.begin('b')];
  first.update(1);
  expect(written).toHaveLength(1);
  first.done();
  expect(written).toHaveLength(1);
  second.done();
  expect(written.at(-1)).toBe('\r\u001B[K');
  progress.clear();
  expect(written).toHaveLength(2);
});

test.each([
  ['a pipe', { isTTY: false }, { quiet: false, dumb: false }],
  ['--quiet', { isTTY: true, columns: 80 }, { quiet: true, dumb: false }],
  ['a dumb terminal', { isTTY: true, columns: 80 }, { quiet: false, dumb: true }],
])('with %s nothing is drawn', (_, kind, how) => {
  const { written, progress } = screen(kind, how);
  const task = progress.begin('main/shop', 10);
  task.update(5);
  progress.note('begins anew', {});
  task.done();
  progress.clear();
  expect(written).toEqual([]);
});

test('several programs are one figure, which never goes back', () => {
  const seen: number[] = [];
  const counter = progressMeter({ update: (bytes) => seen.push(bytes), done: () => {} });
  const [first, second] = [counter(), counter()];
  first(100);
  second(10);
  second(50);
  first(90);
  counter()(5);
  expect(seen).toEqual([100, 110, 150, 150, 155]);
});
