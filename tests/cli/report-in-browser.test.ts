import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { env as ownEnv } from 'node:process';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Browser, startBrowser } from '../browser/browser.ts';
import type { Session } from '../browser/devtools.ts';
import {
  focused,
  interactive,
  markContrasts,
  type Measured,
  signsWithoutColour,
  sticksOut,
  textContrasts,
} from '../browser/in-page.ts';
import { extra } from '../servers/extras.ts';
import { fillStorageOfAYear, yearRetention } from './storage-of-a-year.ts';
import { runVya } from './vya.ts';

const chromium = await extra('browser-r1', 'the report in a browser');

interface View {
  theme: 'light' | 'dark';
  width: number;
}

const views: View[] = (['light', 'dark'] as const).flatMap((theme) =>
  [390, 1280].map((width) => ({ theme, width })),
);

interface AxNode {
  ignored: boolean;
  role?: { value: string };
  name?: { value: string };
  properties?: { name: string; value: { value: unknown } }[];
}

let path: string;
let browser: Browser;

if (chromium) {
  beforeAll(async () => {
    path = await mkdtemp(join(tmpdir(), 'vya-test-'));
    const storage = join(path, 'storage');
    const instances = [
      { id: 'prod', type: 'mysql', host: 'db1' },
      { id: 'reporting', type: 'postgresql', host: 'db2' },
      { id: 'branch', type: 'mysql', host: 'db3' },
    ];
    await fillStorageOfAYear(storage, new Date());
    const config = { instances, retention: yearRetention, storage: { base_path: storage } };
    await writeFile(join(path, 'config.yaml'), JSON.stringify(config), { mode: 0o600 });
    const env = { PATH: ownEnv['PATH'] ?? '', HOME: path, VYA_CONFIG_PATH: join(path, 'config.yaml') };
    const { code, stderr } = await runVya(['report', '--html', 'page.html'], { env, cwd: path });
    expect(code, stderr).toBe(0);
    browser = await startBrowser(chromium);
  });
  afterAll(async () => {
    await browser?.close();
    await rm(path, { recursive: true, force: true });
  });
}

/** A tab that shows a file. All that it asks for or complains about is among its events. */
async function show(file: string, { theme, width }: View): Promise<Session> {
  const tab = await browser.open();
  for (const domain of ['Page', 'Network', 'Log', 'Runtime', 'Accessibility'])
    await tab.send(`${domain}.enable`);
  const mobile = width < 600;
  await tab.send('Emulation.setDeviceMetricsOverride', { width, height: 800, deviceScaleFactor: 1, mobile });
  await emulate(tab, 'screen', theme);
  const loaded = tab.next('Page.loadEventFired');
  await tab.send('Page.navigate', { url: pathToFileURL(file).href });
  await loaded;
  return tab;
}

async function emulate(tab: Session, media: string, theme: string): Promise<void> {
  const features = [{ name: 'prefers-color-scheme', value: theme }];
  await tab.send('Emulation.setEmulatedMedia', { media, features });
}

/** Whatever a page asked for beside itself, and what it made the browser complain about. */
function complaints({ events }: Session): string[] {
  return events.flatMap(({ method, params }) => {
    if (method === 'Network.requestWillBeSent') {
      const { url } = params['request'] as { url: string };
      return url.startsWith('file:') && url.endsWith('.html') ? [] : [url];
    }
    const isComplaint = ['Log.entryAdded', 'Runtime.consoleAPICalled', 'Runtime.exceptionThrown'].includes(
      method,
    );
    return isComplaint ? [JSON.stringify(params)] : [];
  });
}

async function accessible(tab: Session): Promise<AxNode[]> {
  const { nodes } = await tab.send<{ nodes: AxNode[] }>('Accessibility.getFullAXTree');
  return nodes.filter(({ ignored }) => !ignored);
}

function below(limit: number, measured: readonly Measured[]): Measured[] {
  expect(measured.length).toBeGreaterThan(10);
  return measured.filter(({ contrast }) => contrast < limit);
}

if (chromium)
  describe.each(views)('the report, $theme and $width pixels wide', (view) => {
    let tab: Session;
    beforeAll(async () => {
      tab = await show(join(path, 'page.html'), view);
    });

    test('asks for nothing, and nothing is wrong with it', () => {
      expect(tab.events.some(({ method }) => method === 'Network.requestWillBeSent')).toBe(true);
      expect(complaints(tab)).toEqual([]);
    });

    test('is as wide as the window', async () => {
      const wide = 'document.documentElement.scrollWidth - document.documentElement.clientWidth';
      expect(await tab.evaluate(wide)).toBe(0);
      expect(await tab.evaluate(sticksOut)).toEqual([]);
    });

    test('shows the newest days first where the calendar is wider', async () => {
      const last =
        "[...document.querySelectorAll('.calendar')].map((each) => [...each.querySelectorAll('use')].at(-1))";
      const places = `${last}.map((day) => Math.round(day.getBoundingClientRect().right))`;
      const rights = await tab.evaluate<number[]>(places);
      expect(rights).toHaveLength(3);
      for (const right of rights) {
        expect(right).toBeGreaterThan(0);
        expect(right).toBeLessThanOrEqual(view.width);
      }
    });

    test('has text and signs that stand out', async () => {
      expect(below(4.5, await tab.evaluate<Measured[]>(textContrasts))).toEqual([]);
      expect(below(3, await tab.evaluate<Measured[]>(markContrasts))).toEqual([]);
      const paper = await tab.evaluate<string>('getComputedStyle(document.body).backgroundColor');
      expect(paper === 'rgb(255, 255, 255)').toBe(view.theme === 'light');
    });

    test('is on paper what it is in light, and a calendar fits the sheet', async () => {
      await emulate(tab, 'print', view.theme);
      const paper = await tab.evaluate<string>('getComputedStyle(document.body).backgroundColor');
      const outside = await tab.evaluate<string[]>(sticksOut);
      const { data } = await tab.send<{ data: string }>('Page.printToPDF', { printBackground: true });
      await emulate(tab, 'screen', view.theme);
      expect([paper, outside]).toEqual(['rgb(255, 255, 255)', []]);
      expect(Buffer.from(data, 'base64').toString('latin1', 0, 5)).toBe('%PDF-');
    });
  });

if (chromium)
  describe('the report, without a mouse or without eyes', () => {
    let tab: Session;
    beforeAll(async () => {
      tab = await show(join(path, 'page.html'), { theme: 'light', width: 390 });
    });

    test('every day of the calendars has a name, and so has every drawing', async () => {
      const images = (await accessible(tab)).filter(({ role }) => role?.value === 'image');
      expect(images.filter(({ name }) => !name?.value)).toEqual([]);
      const days = images.flatMap(({ name }) => /^\d{4}-\d\d-\d\d: (.+)$/.exec(name?.value ?? '')?.[1] ?? []);
      // The calendars of three databases, at most 53 weeks each, and the fourteen days of each at a glance.
      expect(days.length).toBeGreaterThan(3 * (52 * 7 + 13));
      for (const words of [
        'kept for its day',
        'kept for its month',
        'made, deleted since',
        'failed',
        'none was made',
      ])
        expect(days).toContain(words);
      expect(days.some((words) => words.endsWith(', pinned'))).toBe(true);
      expect(days.some((words) => words.endsWith(', proven'))).toBe(true);
    });

    test('its headings are in order, and its parts have names', async () => {
      const nodes = await accessible(tab);
      const level = (node: AxNode): unknown =>
        node.properties?.find(({ name }) => name === 'level')?.value.value;
      const headings = nodes
        .filter(({ role }) => role?.value === 'heading')
        .map((node) => [level(node), node.name?.value]);
      expect(headings.map(([depth]) => depth)).toEqual([1, 2, 2, 2, 2, 2, 2]);
      expect(headings.at(-1)).toEqual([2, 'Failures']);
      const parts = nodes.filter(({ role }) => ['region', 'link', 'group'].includes(role?.value ?? ''));
      expect(parts.filter(({ name }) => !name?.value)).toEqual([]);
      expect(parts.map(({ name }) => name?.value)).toContain('Calendar of prod / shop');
    });

    test('no two signs differ by their colour alone', async () => {
      const signs = await tab.evaluate<string[]>(signsWithoutColour);
      expect(signs.length).toBeGreaterThan(10);
      expect(new Set(signs).size).toBe(signs.length);
    });

    test('a keyboard reaches all that can be used, sees where it is, and opens a list of days', async () => {
      const wanted = await tab.evaluate<number[]>(interactive);
      expect(wanted.length).toBe(3 + 3 + 3);
      const reached: number[] = [];
      for (let count = 0; count < wanted.length; count += 1) {
        await press(tab, 'Tab', 9);
        const found = await tab.evaluate<{ index: number; outline: number; isShown: boolean }>(focused);
        expect(found).toMatchObject({ isShown: true });
        expect(found.outline).toBeGreaterThanOrEqual(2);
        reached.push(found.index);
      }
      expect(reached).toEqual(wanted);
      await press(tab, 'Enter', 13, '\r');
      const open = "[...document.querySelectorAll('details')].map((each) => each.open)";
      expect(await tab.evaluate(open)).toEqual([false, false, true]);
      expect(below(4.5, await tab.evaluate<Measured[]>(textContrasts))).toEqual([]);
      expect(await tab.evaluate(sticksOut)).toEqual([]);
    });

    test('a page that asks for something, or is cramped or pale, would be noticed', async () => {
      const worse = `<img src="http://127.0.0.1:9/a.png" style="width:2000px;height:9px"><p style="color:#999">pale</p></body>`;
      const page = (await readFile(join(path, 'page.html'), 'utf8')).replace('</body>', worse);
      await writeFile(join(path, 'worse.html'), page);
      const other = await show(join(path, 'worse.html'), { theme: 'light', width: 390 });
      await expect.poll(() => complaints(other).join('\n'), { timeout: 30_000 }).toContain('127.0.0.1:9');
      expect(await other.evaluate<string[]>(sticksOut)).toEqual([expect.stringContaining('<img') as string]);
      const pale = (await other.evaluate<Measured[]>(textContrasts)).filter(({ contrast }) => contrast < 4.5);
      expect(pale.map(({ what }) => what)).toEqual(['pale']);
    });
  });
else
  test('the report in a browser is not tested here, and that was said', () =>
    expect(chromium).toBeUndefined());

async function press(tab: Session, key: string, code: number, text?: string): Promise<void> {
  const event = { key, code: key, windowsVirtualKeyCode: code };
  await tab.send('Input.dispatchKeyEvent', {
    ...event,
    type: text ? 'keyDown' : 'rawKeyDown',
    ...(text ? { text } : {}),
  });
  await tab.send('Input.dispatchKeyEvent', { ...event, type: 'keyUp' });
}
