import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { env as ownEnv, execPath } from 'node:process';
import { fileURLToPath } from 'node:url';
import { makeBackup } from '../storage/scratch.ts';

const main = fileURLToPath(new URL('../../src/cli/main.ts', import.meta.url));

/** A vya on PATH whose configuration and storage hold names to complete. */
export interface Completing {
  path: string;
  env: Record<string, string>;
  remove(): Promise<void>;
}

/** The instance `prod` has backups of these databases, `prod-two` of `other`. */
export async function completing(databases: readonly string[]): Promise<Completing> {
  const path = await mkdtemp(join(tmpdir(), 'vya-test-'));
  const storage = join(path, 'storage');
  await mkdir(storage);
  await mkdir(join(path, 'bin'));
  await writeFile(join(path, 'bin/vya'), `#!/bin/sh\nexec '${execPath}' '${main}' "$@"\n`, { mode: 0o755 });
  const instances = ['prod', 'prod-two'].map((id) => `{ id: ${id}, type: mysql, host: db1 }`).join(', ');
  const config = `instances: [${instances}]\nstorage: { base_path: ${storage} }\n`;
  await writeFile(join(path, 'config.yaml'), config, { mode: 0o600 });
  for (const database of databases) await makeBackup(storage, { place: { instance: 'prod', database } });
  await makeBackup(storage, { place: { instance: 'prod-two', database: 'other' } });
  const env = {
    PATH: `${join(path, 'bin')}:${ownEnv['PATH'] ?? ''}`,
    HOME: path,
    LANG: 'C.UTF-8',
    VYA_CONFIG_PATH: join(path, 'config.yaml'),
  };
  return { path, env, remove: () => rm(path, { recursive: true, force: true }) };
}
