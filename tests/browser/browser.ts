import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { env as ownEnv, getuid } from 'node:process';
import type { Readable, Writable } from 'node:stream';
import type { Extra } from '../servers/extras.ts';
import { libraryPlace } from '../servers/programs.ts';
import { type Connection, devTools, type Session } from './devtools.ts';

/** A headless Chromium of the test's own, with a profile that is gone afterwards. */
export interface Browser {
  /** A blank tab. */
  open(): Promise<Session>;
  close(): Promise<void>;
}

export async function startBrowser(chromium: Extra): Promise<Browser> {
  const home = await mkdtemp(join(tmpdir(), 'vya-browser-'));
  const args = [
    '--headless',
    '--remote-debugging-pipe',
    `--user-data-dir=${join(home, 'profile')}`,
    '--disable-gpu',
    '--disable-dev-shm-usage',
    '--hide-scrollbars',
    '--no-first-run',
    // Chromium does not run as root with its sandbox; what it shows here was written by the test.
    ...(getuid?.() === 0 ? ['--no-sandbox'] : []),
  ];
  const child = spawn(chromium.program, args, {
    env: await environment(chromium, home),
    // DevTools reads from 3 and answers on 4.
    stdio: ['ignore', 'ignore', 'pipe', 'pipe', 'pipe'],
  });
  let said = '';
  child.stderr?.on('data', (chunk: Buffer) => (said += chunk.toString('utf8')));
  const ended = once(child, 'close').then(() => new Error(`the browser ended\n${said}`));
  const tools = devTools(child.stdio[3] as Writable, child.stdio[4] as Readable, ended);
  return {
    open: () => openTab(tools),
    async close() {
      await end(child, tools, ended);
      await rm(home, { recursive: true, force: true, maxRetries: 5 });
    },
  };
}

async function openTab(tools: Connection): Promise<Session> {
  const { targetId } = await tools.send<{ targetId: string }>('Target.createTarget', { url: 'about:blank' });
  const attached = { targetId, flatten: true };
  const { sessionId } = await tools.send<{ sessionId: string }>('Target.attachToTarget', attached);
  return tools.session(sessionId);
}

async function end(child: ChildProcess, tools: Connection, ended: Promise<Error>): Promise<void> {
  await Promise.race([tools.send('Browser.close', {}).catch(() => {}), ended]);
  const killing = setTimeout(() => child.kill('SIGKILL'), 20_000);
  await ended;
  clearTimeout(killing);
}

/** Fonts and libraries are those that were unpacked, so that the page looks the same everywhere. */
async function environment({ tree }: Extra, home: string): Promise<NodeJS.ProcessEnv> {
  const base = { PATH: ownEnv['PATH'], HOME: home, LANG: 'C.UTF-8' };
  if (tree === undefined) return base;
  const fonts = join(home, 'fonts');
  await mkdir(fonts);
  const file = join(fonts, 'fonts.conf');
  await writeFile(
    file,
    `<?xml version="1.0"?><!DOCTYPE fontconfig SYSTEM "fonts.dtd">
<fontconfig><dir>${join(tree, 'usr/share/fonts')}</dir><cachedir>${join(fonts, 'cache')}</cachedir></fontconfig>\n`,
  );
  const { libraries } = await libraryPlace(tree);
  const pulse = libraries.map((folder) => join(folder, 'pulseaudio'));
  return { ...base, FONTCONFIG_FILE: file, LD_LIBRARY_PATH: [...libraries, ...pulse].join(':') };
}
