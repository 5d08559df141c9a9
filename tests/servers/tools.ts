import { access, constants } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { env, platform } from 'node:process';
import { isDebian } from './debian.ts';
import { localTools } from './programs.ts';

/** The folder of a zstd program, or nothing where it is on PATH anyway or cannot be had. */
export async function toolFolder(): Promise<string> {
  if (await isOnPath('zstd')) return '';
  if ((await isDebian()) && env['VYA_TEST_SERVERS'] !== 'docker') return localTools();
  if (platform !== 'linux') return '';
  const [{ imageOf }, { imageClients }] = await Promise.all([
    import('./docker.ts'),
    import('./image-clients.ts'),
  ]);
  return imageClients(imageOf('postgresql-18'), ['zstd']);
}

async function isOnPath(name: string): Promise<boolean> {
  const tried = (env['PATH'] ?? '')
    .split(delimiter)
    .map((folder) => access(join(folder, name), constants.X_OK));
  return Promise.any(tried).then(
    () => true,
    () => false,
  );
}
