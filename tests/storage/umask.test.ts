import { execFile } from 'node:child_process';
import { chown } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { scanBackups } from '../../src/storage/catalogue.ts';
import { readTree } from '../../src/storage/tree.ts';
import { scratchDirectory } from './scratch.ts';

const script = fileURLToPath(new URL('fixtures/make-backup.ts', import.meta.url));
const run = promisify(execFile);
const nobody = { uid: 65_534, gid: 65_534 };

/** Root may read anything, so that a mode of 000 would go unnoticed: nobody makes the backup, where nobody can. */
async function someoneElse(): Promise<typeof nobody | Record<string, never>> {
  if (process.getuid?.() !== 0) return {};
  const reads = run(process.execPath, ['--check', script], { ...nobody, cwd: '/' });
  return await reads.then(
    () => nobody,
    () => ({}),
  );
}

describe('modes', () => {
  it.each(['000', '022', '777'])('are 0600 and 0700 under umask %s', async (umask) => {
    const base = await scratchDirectory();
    const user = await someoneElse();
    if ('uid' in user) await chown(base, user.uid, user.gid);
    await run(process.execPath, [script, base, umask], { ...user, cwd: '/' });
    const odd = (await readTree(base))
      .filter(({ stats }) => (stats.mode & 0o777) !== (stats.isDirectory() ? 0o700 : 0o600))
      .map(({ path, stats }) => `${path} ${(stats.mode & 0o777).toString(8)}`);
    expect(odd).toEqual([]);
    const { backups, warnings } = await scanBackups({ basePath: base });
    expect(warnings).toEqual([]);
    expect(backups).toMatchObject([{ complete: true, summary: { files: { length: 2 } } }]);
  });
});
