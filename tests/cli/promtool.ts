import { spawn } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Extra } from '../servers/extras.ts';

/** Runs promtool; resolves with its exit code and all that it said. */
export function runPromtool(
  { program }: Extra,
  args: readonly string[],
  input = '',
): Promise<{ code: number | null; said: string }> {
  const child = spawn(program, args, { stdio: 'pipe' });
  let said = '';
  child.stdout.on('data', (chunk: Buffer) => (said += chunk.toString('utf8')));
  child.stderr.on('data', (chunk: Buffer) => (said += chunk.toString('utf8')));
  child.stdin.on('error', () => {});
  child.stdin.end(input);
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code) => resolve({ code, said }));
  });
}

/**
 * The samples of a text in Prometheus' format as a server keeps them when it has read them from node_exporter: with the machine as
 * `instance`, and vya's own label renamed.
 */
export function scraped(text: string): { series: string; value: string }[] {
  return text
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'))
    .map((line) => {
      const [, name, labels = '', value] = /^(\w+)(?:\{(.*)\})? (\S+)$/.exec(line) ?? [];
      if (name === undefined || value === undefined) throw new Error(`no sample: ${line}`);
      const own = labels.replace(/^instance=/, 'exported_instance=');
      const all = ['job="node"', 'instance="db01:9100"', ...(own === '' ? [] : [own])];
      return { series: `${name}{${all.join(',')}}`, value };
    });
}

/** Those expressions that find nothing, or no series at all, among these samples; promtool evaluates them. */
export async function expressionsWithoutAnswer(
  promtool: Extra,
  samples: ReturnType<typeof scraped>,
  expressions: readonly string[],
  folder: string,
): Promise<string[]> {
  const file = join(folder, 'expressions.json');
  const unanswered: string[] = [];
  for (const expr of expressions) {
    const question = {
      expr: `count(${expr}) > bool 0`,
      eval_time: '30h',
      exp_samples: [{ labels: '{}', value: 1 }],
    };
    const input_series = samples.map(({ series, value }) => ({ series, values: `${value}+0x40` }));
    const tests = [{ interval: '1h', input_series, promql_expr_test: [question] }];
    await writeFile(file, JSON.stringify({ rule_files: [], evaluation_interval: '1h', tests }));
    const { code, said } = await runPromtool(promtool, ['test', 'rules', file]);
    if (code !== 0) unanswered.push(`${expr}\n${said}`);
  }
  return unanswered;
}
