import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { extra } from '../servers/extras.ts';
import { serverIsMissing, sharedServer } from '../servers/servers.ts';
import { age } from './aged-backup.ts';
import { expressionsWithoutAnswer, runPromtool, scraped } from './promtool.ts';
import { createTestDatabase, type TestDatabase } from './test-database.ts';
import { workspace, type Workspace } from './vya.ts';

const kind = 'postgresql-15';
const promtool = await extra(
  'promtool-r1',
  'what Prometheus makes of the metrics, the rules and the dashboard',
);
const rulesPath = fileURLToPath(new URL('../../config/prometheus-rules.yaml', import.meta.url));
const rulesTestPath = fileURLToPath(new URL('prometheus-rules.test.yaml', import.meta.url));
const dashboardPath = fileURLToPath(new URL('../../config/grafana-dashboard.json', import.meta.url));

/** A name that no format takes as it is. */
const awful = String.raw`prom_"aw\ful"`;
const quoted = `"${awful.replaceAll('"', '""')}"`;
const dropOthers = [quoted, 'prom_shop_copy'].map((name) => `DROP DATABASE IF EXISTS ${name}`);

interface Panel {
  id: number;
  title: string;
  type: string;
  description?: string;
  datasource?: { uid: string };
  gridPos: { x: number; y: number; w: number; h: number };
  targets?: { expr: string; datasource: { uid: string } }[];
}

interface Dashboard {
  uid: string;
  schemaVersion: number;
  panels: Panel[];
  templating: { list: { name: string; type: string; definition?: string; datasource?: { uid: string } }[] };
}

describe.skipIf(await serverIsMissing(kind))('what Prometheus and Grafana make of it', () => {
  let space: Workspace;
  let shop: TestDatabase;
  let textfile: string;
  /** What `vya metrics` says after all that could happen has happened. */
  let metrics: string;
  let dashboard: Dashboard;
  let rules: { groups: { rules: { alert: string; expr: string }[] }[] };

  const vya = async (...args: string[]): Promise<{ code: number; stdout: string }> => {
    const { code, stdout, stderr } = await space.vya(args);
    return { code, stdout: code === 0 ? stdout : stdout + stderr };
  };

  beforeAll(async () => {
    dashboard = JSON.parse(await readFile(dashboardPath, 'utf8')) as Dashboard;
    rules = parse(await readFile(rulesPath, 'utf8')) as typeof rules;
    const server = await sharedServer(kind);
    shop = await createTestDatabase(server, 'prom_shop', 'CREATE TABLE kept (id int PRIMARY KEY)');
    for (const sql of dropOthers) await shop.script(sql);
    await shop.script(`CREATE DATABASE ${quoted}`);
    const settings = { databases: ['prom_*'], accounts: true };
    space = await workspace({
      instances: [
        { id: 'main', server, settings },
        { id: 'away', server: { ...server, port: 1 }, settings: { connect_retries: 0 } },
      ],
    });
    textfile = join(space.path, 'vya.prom');
    await space.configure({
      metrics: { textfile },
      health: { proof_age: '30d' },
      retention: { daily: 1, weekly: 0, monthly: 0, keep_last: 1, keep_within: 0 },
    });
  });
  afterAll(async () => {
    await space?.remove();
    for (const sql of dropOthers) await shop.script(sql);
    await shop.drop();
  });

  test('before the first backup there are metrics already, and they are valid', async () => {
    expect((await vya('backup', '--instance', 'away')).code).not.toBe(0);
    const text = await readFile(textfile, 'utf8');
    expect(text).toContain('vya_backup_last_success_timestamp_seconds{instance="main",database=""} 0\n');
    expect(text).toContain('vya_backup_last_try_success{instance="away",database=""} 0\n');
    expect(text).toContain('vya_backup_failures_total{instance="main",database=""} 0\n');
    if (promtool)
      expect(await runPromtool(promtool, ['check', 'metrics'], text)).toEqual({ code: 0, said: '' });
  });

  test('success and failure, restores, rehearsals and deletions are valid metrics, on stdout and in the textfile', async () => {
    expect((await vya('backup', '--instance', 'main')).code).toBe(0);
    // No test writes so much: the storage grew fast, two days ago.
    const old = await age(space.storagePath, 'main', 'prom_shop', twoDaysAgo());
    const manifestPath = join(space.storagePath, old, 'manifest.json');
    const manifest = JSON.parse(await readFile(manifestPath, 'utf8')) as { files: { size: number }[] };
    for (const file of manifest.files) file.size = 4e13;
    await writeFile(manifestPath, JSON.stringify(manifest));
    expect((await vya('pin', old)).code).toBe(0);
    const latest = ['--instance', 'main', '--database', 'prom_shop', '--latest'];
    expect((await vya('restore', ...latest, '--target-database', 'prom_shop_copy')).code).toBe(0);
    expect((await vya('verify', ...latest, '--rehearse')).code).toBe(0);
    expect(await readFile(textfile, 'utf8')).toContain(
      'vya_backup_last_try_success{instance="main",database="prom_shop"} 1\n',
    );
    // The first is proven and stays; the third makes retention delete the second.
    for (const code of [1, 1]) expect((await vya('backup')).code).toBe(code);
    metrics = (await vya('metrics')).stdout;
    expect(metrics).toContain(String.raw`database="prom_\"aw\\ful\""`);
    const inFile = await readFile(textfile, 'utf8');
    expect(namesIn(inFile)).toEqual(namesIn(metrics));
    if (!promtool) return;
    for (const text of [metrics, inFile])
      expect(await runPromtool(promtool, ['check', 'metrics'], text)).toEqual({ code: 0, said: '' });
    const { code } = await runPromtool(promtool, ['check', 'metrics'], metrics.replace('{', '{{'));
    expect(code).not.toBe(0);
  });

  test('each alert fires when it should, and only then', async () => {
    if (!promtool) return;
    expect((await runPromtool(promtool, ['check', 'rules', rulesPath])).said).toContain(
      `${alerts().length} rules found`,
    );
    expect(await runPromtool(promtool, ['test', 'rules', rulesTestPath])).toMatchObject({ code: 0 });
    const tested = await readFile(rulesTestPath, 'utf8');
    for (const { alert } of alerts()) expect(tested).toContain(`alertname: ${alert}`);
  });

  test('alerts, panels and variables ask for what vya writes, and for nothing else', () => {
    const written = namesIn(metrics);
    const asked = [...alerts().map(({ expr }) => expr), ...expressions(), ...definitions()];
    const names = new Set(asked.flatMap((text) => text.match(/\bvya_\w+/g) ?? []));
    expect([...names].filter((name) => !written.includes(name))).toEqual([]);
    // And nothing that is written is left out.
    expect(written.filter((name) => !names.has(name))).toEqual([]);
  });

  test('every panel and every alert finds the series and labels that it asks for', async () => {
    if (!promtool) return;
    const samples = scraped(metrics);
    const find = (list: string[]): Promise<string[]> =>
      expressionsWithoutAnswer(promtool, samples, list, space.path);
    expect(await find(expressions().map(withVariables))).toEqual([]);
    // An alert finds nothing when all is well: what it compares has to be there.
    const compared = alerts().flatMap(({ expr }) => expr.match(/\bvya_\w+(\{[^}]*\})?/g) ?? []);
    expect(await find(compared)).toEqual([]);
    expect(await find(['vya_backups{database="prom_shop"}', 'vya_backups{database="nobody"}'])).toEqual([
      expect.stringMatching(/^vya_backups\{database="nobody"\}/) as string,
    ]);
  });

  test('the dashboard imports anywhere: no data source is named, no panel is twice there or over another', () => {
    expect(dashboard.uid).toBe('vya-backups');
    expect(dashboard.schemaVersion).toBeGreaterThanOrEqual(39);
    expect(dashboard.templating.list.map(({ name, type }) => [name, type])).toEqual([
      ['DS', 'datasource'],
      ['job', 'query'],
      ['host', 'query'],
      ['instance', 'query'],
      ['database', 'query'],
    ]);
    const sources = [
      ...dashboard.panels.flatMap(({ datasource, targets = [] }) => [
        datasource,
        ...targets.map((each) => each.datasource),
      ]),
      ...dashboard.templating.list.map(({ datasource }) => datasource),
    ];
    expect(new Set(sources.flatMap((source) => source?.uid ?? []))).toEqual(new Set(['${DS}']));
    const { panels } = dashboard;
    expect(new Set(panels.map(({ id }) => id)).size).toBe(panels.length);
    for (const panel of panels) {
      expect(panel.gridPos.x + panel.gridPos.w).toBeLessThanOrEqual(24);
      expect(
        panels.filter((other) => other !== panel && overlap(panel, other)).map(({ title }) => title),
      ).toEqual([]);
      if (panel.type !== 'row') expect([panel.title, panel.description]).not.toContain('');
    }
  });

  function alerts(): { alert: string; expr: string }[] {
    return rules.groups.flatMap((group) => group.rules);
  }

  function expressions(): string[] {
    return dashboard.panels.flatMap(({ targets = [] }) => targets.map(({ expr }) => expr));
  }

  function definitions(): string[] {
    return dashboard.templating.list.flatMap(({ definition }) => definition ?? []);
  }
});

/** As Grafana sends it when one of everything is chosen. */
function withVariables(expr: string): string {
  const chosen = { job: 'node', host: 'db01:9100', instance: 'main', database: '.*' };
  return expr.replaceAll(/\$(\w+)/g, (_, name: string) => {
    const value = chosen[name as keyof typeof chosen] as string | undefined;
    if (value === undefined) throw new Error(`no variable is called ${name}: ${expr}`);
    return value;
  });
}

function namesIn(text: string): string[] {
  return [...text.matchAll(/^# TYPE (\w+)/gm)].map(([, name]) => name as string).toSorted();
}

function overlap({ gridPos: a }: Panel, { gridPos: b }: Panel): boolean {
  return a.x < b.x + b.w && b.x < a.x + a.w && a.y < b.y + b.h && b.y < a.y + a.h;
}

function twoDaysAgo(): string {
  const time = new Date(Date.now() - 2 * 86_400_000);
  return `${time.toISOString().slice(0, 19).replaceAll(/[-:]/g, '')}Z`;
}
