import { describe, expect, test } from 'vitest';
import { readOptions, readSize } from '../../scripts/bench/options.ts';
import { readTimes } from '../../scripts/bench/measure.ts';
import { renderPage, table } from '../../scripts/bench/page.ts';
import { renderPlot } from '../../scripts/bench/plot.ts';
import { added, type Comparison, type Results, type Run } from '../../scripts/bench/results.ts';
import { median, ratio, spread } from '../../scripts/bench/statistics.ts';

const runs = (...walls: number[]): Run[] => walls.map((wall) => ({ wall, cpu: wall / 2, peak: wall * 1e6 }));

function comparison(vya: Run[], peer: Run[], missing?: string): Comparison {
  return {
    row: 'backup',
    title: 'Backup, somewhere',
    contestants: [
      { name: 'vya', vya: true, command: 'vya backup', runs: vya },
      { name: 'dump | zstd', vya: false, command: 'dump | zstd', runs: peer, ...(missing && { missing }) },
    ],
    targets: [
      { what: 'wall', measure: 'wall', of: 'vya', over: 'dump | zstd', atMost: 1.05 },
      { what: 'memory', measure: 'peak', of: 'vya', atMost: 100e6 },
    ],
    compared: 3,
    notes: [],
  };
}

function results(comparisons: Comparison[]): Results {
  return {
    date: '2026-01-09',
    commandLines: ['npm run bench'],
    vya: '1',
    machine: [],
    data: [],
    comparisons,
  };
}

describe('figures', () => {
  test('a median is the middle one, or between the two in the middle', () => {
    expect(median([3, 100, 1])).toBe(3);
    expect(median([4, 1, 2, 100])).toBe(3);
    expect(median([])).toBeNaN();
  });

  test('a spread is the least and the most; a ratio is one of medians', () => {
    expect(spread([3, 1, 2])).toEqual([1, 3]);
    expect(ratio([1, 2, 90], [4, 4, 1])).toBe(0.5);
  });

  test('the times of bash add up: its own and those of its children', () => {
    expect(readTimes('0m0.004s 0m0.002s\n1m2.500s 0m0.500s\n')).toBeCloseTo(63.006, 6);
  });

  test('sizes and lists are read from the command line', () => {
    expect([readSize('50M'), readSize('1G'), readSize('512')]).toEqual([50 * 2 ** 20, 2 ** 30, 512]);
    const options = readOptions(['--servers', 'postgresql-15', 'mysql-9.7', '--runs', '3', '--only', 'many']);
    expect(options).toMatchObject({ servers: ['mysql-9.7', 'postgresql-15'], runs: 3, rows: ['many'] });
    expect(options.largeSize).toBe(4 * options.size);
    expect(() => readOptions(['--servers', 'oracle'])).toThrow('There is no server oracle');
    expect(() => readOptions(['--size', 'big'])).toThrow('“big” is not a size');
    expect(() => readOptions(['--runs', '0'])).toThrow('“0” is not a number from 1 up');
  });
});

describe('the page', () => {
  test('says of each target what was measured, and whether it is met', () => {
    const page = renderPage(results([comparison(runs(1, 2, 3), runs(2, 2, 2))]), 'plot.svg');
    expect(page).toContain('| wall | Backup, somewhere | 1.05 | 1.00 | met |');
    expect(page).toContain('| memory | Backup, somewhere | 100.0 MB | 3.00 MB | met |');
    expect(page).toContain('**3 restores were compared with their source');
    expect(page).toContain('2.000 s (1.00–3.00)');
    expect(page).toContain('![Wall time of vya and its peers](plot.svg)');
    const slow = renderPage(results([comparison(runs(3), runs(2))]), 'plot.svg');
    expect(slow).toContain('| wall | Backup, somewhere | 1.05 | 1.50 | **not met** |');
    const hardly = renderPage(results([comparison(runs(1.054), runs(1))]), 'plot.svg');
    expect(hardly).toContain('| wall | Backup, somewhere | 1.05 | 1.054 | **not met** |');
  });

  test('says which program is missing', () => {
    const page = renderPage(results([comparison(runs(1), [], 'zstd not installed')]), 'plot.svg');
    expect(page).toContain('| wall | Backup, somewhere | 1.05 | – | not measured |');
    expect(page).toContain(String.raw`| ${'`'}dump \| zstd${'`'} | zstd not installed |`);
  });

  test('of two runs says of each comparison what the later one measured', () => {
    const other = { ...comparison(runs(7), runs(8)), title: 'Restore, somewhere' };
    const earlier = results([comparison(runs(1), runs(1)), other]);
    const later = { ...results([comparison(runs(3), runs(2))]), commandLines: ['npm run bench -- --add'] };
    const both = added(earlier, later);
    expect(both.comparisons).toEqual([later.comparisons[0], other]);
    expect(renderPage(both, 'plot.svg')).toContain('`npm run bench` and `npm run bench -- --add`');
  });

  test('keeps pipes out of the columns of a table', () => {
    expect(table(['a'], [['b | c']])).toBe('| a |\n|---|\n| b \\| c |');
  });

  test('has a plot with a bar for each program, as long as it took', () => {
    const plot = renderPlot(results([comparison(runs(1), runs(2))]));
    const lengths = [...plot.matchAll(/class="(?:vya|peer)" x="\d+" y="\d+" width="([\d.]+)"/g)].map((bar) =>
      Number(bar[1]),
    );
    expect(lengths).toHaveLength(2);
    expect(lengths[1]).toBe(2 * (lengths[0] as number));
    expect(plot).toContain('dump | zstd');
  });
});
