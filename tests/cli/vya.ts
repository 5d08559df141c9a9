import { type ChildProcess, spawn } from 'node:child_process';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { env as ownEnv, execPath } from 'node:process';
import { fileURLToPath } from 'node:url';
import { stringify } from 'yaml';
import type { TestServer } from '../servers/server.ts';
import { pathWith } from '../servers/servers.ts';

const sources = fileURLToPath(new URL('../../src/cli/main.ts', import.meta.url));

export interface VyaResult {
  /** The exit code; 128 and the signal's number when a signal ended it, as a shell counts. */
  code: number;
  stdout: string;
  stderr: string;
  /** stdout as the one JSON document that `--format json` promises. */
  json<Document = Record<string, unknown>>(): Document;
}

export interface RunOptions {
  /** The whole environment, but for what measures coverage or speeds up the start. */
  env?: Record<string, string>;
  cwd?: string;
  /** What stdin holds; without it, stdin is at its end from the start. Never a terminal. */
  input?: string | Buffer;
  signal?: AbortSignal;
  /** The script to start, in place of the sources' own. */
  main?: string | undefined;
  /** A program to start, in place of Node and a script. */
  program?: string | undefined;
  /** False: coverage is not measured here, which makes the start twice as fast. For cases that run nothing new. */
  measured?: boolean;
}

/** Code that Node has compiled already, for starts whose coverage is not measured: it would blur the figures. */
export const compiled = {
  NODE_COMPILE_CACHE: fileURLToPath(new URL('../../node_modules/.cache/vya-tests', import.meta.url)),
};

/** Starts the command line from its sources, as an operator would, and waits for its end. */
export async function runVya(args: readonly string[], options: RunOptions = {}): Promise<VyaResult> {
  return await startVya(args, options).result;
}

/** The same, with the process at hand, to send it signals. */
export function startVya(
  args: readonly string[],
  options: RunOptions = {},
): { child: ChildProcess; result: Promise<VyaResult> } {
  const reports = options.measured === false ? undefined : ownEnv['NODE_V8_COVERAGE'];
  const [file, script] = options.program ? [options.program, []] : [execPath, [options.main ?? sources]];
  const forNode = reports ? { NODE_V8_COVERAGE: reports } : compiled;
  const child = spawn(file, [...script, ...args], {
    cwd: options.cwd,
    env: {
      ...(options.env ?? { PATH: ownEnv['PATH'] ?? '' }),
      ...(options.program ? {} : forNode),
    },
    stdio: [options.input === undefined ? 'ignore' : 'pipe', 'pipe', 'pipe'],
    signal: options.signal,
    killSignal: 'SIGTERM',
  });
  child.on('error', () => {});
  child.stdin?.on('error', () => {});
  child.stdin?.end(options.input);
  return { child, result: outcomeOf(child, args) };
}

async function outcomeOf(child: ChildProcess, args: readonly string[]): Promise<VyaResult> {
  const [stdout, stderr, code] = await Promise.all([
    text(child.stdout as NodeJS.ReadableStream),
    text(child.stderr as NodeJS.ReadableStream),
    new Promise<number>((resolve) => {
      child.on('close', (exit, signal) => resolve(exit ?? 128 + (signal === 'SIGKILL' ? 9 : 15)));
    }),
  ]);
  return {
    code,
    stdout,
    stderr,
    json<Document>() {
      try {
        return JSON.parse(stdout) as Document;
      } catch {
        throw new Error(
          `vya ${args.join(' ')} ended with ${code} and no JSON document.\n${stdout}\n${stderr}`,
        );
      }
    },
  };
}

async function text(stream: NodeJS.ReadableStream): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString('utf8');
}

/** One instance of a workspace's configuration. */
export interface WorkspaceInstance {
  id: string;
  server: TestServer;
  /** Reach it through its Unix socket instead of over TCP. */
  socket?: boolean;
  /** Another login than the server's admin. */
  login?: { user: string; password: string };
  /** More of the configuration, as in the file: `databases`, `ssl`, …; accounts are left out unless it says otherwise; with a `credential` none is stored for this one. */
  settings?: Record<string, unknown>;
}

export interface WorkspaceOptions {
  instances: readonly WorkspaceInstance[];
  /** As in the file; `base_path` is set. */
  storage?: Record<string, unknown>;
  retention?: Record<string, unknown>;
  health?: Record<string, unknown>;
  metrics?: Record<string, unknown>;
  hooks?: Record<string, unknown>;
  notify?: Record<string, unknown>;
}

/** A temporary directory with a configuration, credentials and an empty storage tree. */
export interface Workspace {
  path: string;
  configPath: string;
  /** `storage.base_path`; exists only after the first backup. */
  storagePath: string;
  env: Record<string, string>;
  /** Runs vya with this configuration. */
  vya(args: readonly string[], options?: RunOptions): Promise<VyaResult>;
  /** Starts vya with this configuration, to send it signals. */
  start(args: readonly string[], options?: RunOptions): ReturnType<typeof startVya>;
  /** Writes the configuration anew, with other settings than at first. */
  configure(changes: Omit<WorkspaceOptions, 'instances'>): Promise<void>;
  remove(): Promise<void>;
}

/**
 * Makes a workspace. The credentials are stored through `vya credentials set`, which reads each password from stdin; the
 * client programs of the instances' servers and zstd are on PATH.
 */
export async function workspace(options: WorkspaceOptions): Promise<Workspace> {
  const path = await mkdtemp(join(tmpdir(), 'vya-test-'));
  const configPath = join(path, 'config/config.yaml');
  const storagePath = join(path, 'storage');
  await Promise.all(['config', 'home', 'tmp'].map((name) => mkdir(join(path, name), { mode: 0o700 })));
  const servers = [...new Set(options.instances.map(({ server }) => server))];
  const env = {
    PATH: await pathWith(...servers),
    HOME: join(path, 'home'),
    TMPDIR: join(path, 'tmp'),
    LANG: 'C.UTF-8',
  };
  const configure = async ({ storage, ...sections }: Omit<WorkspaceOptions, 'instances'>): Promise<void> => {
    const config = {
      instances: options.instances.map(instanceAsFile),
      storage: { base_path: storagePath, ...storage },
      ...sections,
    };
    await writeFile(configPath, stringify(config), { mode: 0o600 });
  };
  const start = (args: readonly string[], run: RunOptions = {}): ReturnType<typeof startVya> =>
    startVya(['--config', configPath, ...args], { cwd: path, ...run, env: { ...env, ...run.env } });
  const vya: Workspace['vya'] = (args, run) => start(args, run).result;
  const { instances: _, ...sections } = options;
  await configure(sections);
  for (const { id, server, login = server.admin, settings = {} } of options.instances) {
    if ('credential' in settings || 'user' in settings) continue;
    const stored = await vya(['credentials', 'set', id, '--username', login.user], {
      input: `${login.password}\n`,
    });
    if (stored.code !== 0) throw new Error(`credentials set ended with ${stored.code}\n${stored.stderr}`);
  }
  return {
    path,
    configPath,
    storagePath,
    env,
    vya,
    start,
    configure,
    remove: () => rm(path, { recursive: true, force: true }),
  };
}

function instanceAsFile({ id, server, socket, settings }: WorkspaceInstance): Record<string, unknown> {
  const { type, host, port } = server;
  const place = socket ? { socket: server.socket, port } : { host, port };
  return { id, type, ...place, accounts: false, ...settings };
}
