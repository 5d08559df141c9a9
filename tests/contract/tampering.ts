import { createHash } from 'node:crypto';
import { cp, readFile, writeFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import type { Workspace } from '../cli/vya.ts';
import { filesIn } from './tree.ts';

/** Copies one backup into a storage tree of its own, whose base it returns. */
export async function copyOfTree(space: Workspace, backup: string, name: string): Promise<string> {
  const base = join(space.path, name);
  await cp(backup, join(base, relative(space.storagePath, backup)), { recursive: true });
  return base;
}

/** Puts `to` in the place of `from`, which has as many bytes, in the one backup below a directory; its sums are made to fit. */
export async function tamper(directory: string, from: string, to: string): Promise<void> {
  let changed = 0;
  for (const path of await filesIn(directory)) {
    const content = await readFile(path);
    const at = content.indexOf(from);
    if (at < 0) continue;
    content.write(to, at);
    await writeFile(path, content);
    changed += 1;
  }
  if (changed !== 1) throw new Error(`“${from}” stood in ${changed} files`);
  for (const path of await filesIn(directory))
    if (path.endsWith('/manifest.json')) await fitSums(join(path, '..'));
}

/** Makes the manifest and the sums of a backup fit what its files hold. */
export async function fitSums(directory: string): Promise<void> {
  const manifestPath = join(directory, 'manifest.json');
  const manifest = JSON.parse(await readFile(manifestPath, 'utf8')) as {
    files: { path: string; size: number; checksum: string }[];
  };
  const sums: string[] = [];
  for (const file of manifest.files) {
    const content = await readFile(join(directory, file.path));
    file.size = content.length;
    file.checksum = createHash('sha256').update(content).digest('hex');
    sums.push(`${file.checksum}  ${file.path}\n`);
  }
  await writeFile(manifestPath, JSON.stringify(manifest));
  await writeFile(join(directory, 'SHA256SUMS'), sums.join(''));
}
