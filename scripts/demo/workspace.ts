import { spawn } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { stringify } from 'yaml';
import type { TestServer } from '../../tests/servers/server.ts';
import { command, say } from './narration.ts';

export interface DemoInstance {
  id: string;
  server: TestServer;
}

export interface Workspace {
  configPath: string;
  env: NodeJS.ProcessEnv;
}

const program = fileURLToPath(new URL('../../src/cli/main.ts', import.meta.url));

/** Writes the configuration and stores each server's password encrypted, as an operator would. */
export async function configure(
  folder: string,
  instances: readonly DemoInstance[],
  path: string,
): Promise<Workspace> {
  const configPath = join(folder, 'config', 'config.yaml');
  await mkdir(join(folder, 'config'), { mode: 0o700 });
  await writeConfiguration(configPath, instances);
  await mkdir(join(folder, 'backups'), { mode: 0o700 });
  await writeFile(join(folder, 'vya'), launcher(configPath, path), { mode: 0o700 });
  const env = { ...process.env, PATH: path, VYA_CONFIG_PATH: configPath };
  for (const instance of instances) await storePassword({ configPath, env }, instance);
  return { configPath, env };
}

/** A further server, known from now on. */
export async function addInstance(
  workspace: Workspace,
  known: readonly DemoInstance[],
  added: DemoInstance,
): Promise<void> {
  await writeConfiguration(workspace.configPath, [...known, added]);
  await storePassword(workspace, added);
}

async function writeConfiguration(path: string, instances: readonly DemoInstance[]): Promise<void> {
  const config = {
    instances: instances.map(({ id, server }) => ({
      id,
      type: server.type,
      host: server.host,
      port: server.port,
      databases: ['shop'],
    })),
    storage: { base_path: '../backups' },
    retention: { daily: 7, weekly: 4, monthly: 12, timezone: 'UTC' },
    logging: { level: 'WARNING' },
  };
  await writeFile(path, stringify(config), { mode: 0o600 });
  say(`wrote ${path}`);
}

async function storePassword(workspace: Workspace, { id, server }: DemoInstance): Promise<void> {
  const { user, password } = server.admin;
  await runVya(workspace, ['credentials', 'set', id, '--username', user], password);
}

/** Runs vya for everyone to see; what it must not end with is a failure of the demo. */
export async function runVya(workspace: Workspace, args: readonly string[], input?: string): Promise<void> {
  command(args);
  const child = spawn(process.execPath, [program, ...args], {
    env: workspace.env,
    stdio: [input === undefined ? 'ignore' : 'pipe', 'inherit', 'inherit'],
  });
  child.stdin?.end(input);
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', resolve);
  });
  if (code !== 0) throw new Error(`vya ${args.join(' ')} ended with ${code}`);
}

/** A `vya` for afterwards, with this configuration, this Node and the client programs of the demo's servers. */
function launcher(configPath: string, path: string): string {
  const quote = (text: string): string => `'${text.replaceAll("'", String.raw`'\''`)}'`;
  return `#!/bin/sh
PATH=${quote(path)} VYA_CONFIG_PATH=${quote(configPath)} exec ${quote(process.execPath)} ${quote(program)} "$@"
`;
}
