import { createHash } from 'node:crypto';
import { cp, lstat, readFile, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { zstdCompressSync, zstdDecompressSync } from 'node:zlib';

/** A manifest, as far as these tests touch it. */
export interface RawManifest {
  [key: string]: unknown;
  database: string;
  files: { path: string; size: number; checksum: string }[];
  parts: { path: string; format: string; holds: string[] }[];
  inventory: Record<string, { name: string }[]>;
}

/** A copy of a backup that somebody else may have had in hands: `change` what it holds, and all sums fit again. */
export async function tamperedCopy(
  original: string,
  to: string,
  change: (copy: TamperedBackup) => Promise<void> | void,
): Promise<string> {
  const path = join(to, `${basename(original)}-tampered`);
  await cp(original, path, { recursive: true });
  const manifestPath = join(path, 'manifest.json');
  const manifest = JSON.parse(await readFile(manifestPath, 'utf8')) as RawManifest;
  await change({ path, manifest });
  for (const file of manifest.files) {
    const absolute = join(path, file.path);
    const stats = await lstat(absolute).catch(() => undefined);
    if (!stats?.isFile()) continue;
    const content = await readFile(absolute);
    file.size = content.length;
    file.checksum = createHash('sha256').update(content).digest('hex');
  }
  await writeFile(manifestPath, JSON.stringify(manifest));
  return path;
}

export interface TamperedBackup {
  path: string;
  manifest: RawManifest;
}

/** Changes the text of the part whose name holds `part`. */
export async function changePart(
  { path, manifest }: TamperedBackup,
  part: string,
  change: (text: string) => string,
): Promise<void> {
  const name = manifest.files.find((file) => file.path.includes(part))?.path;
  if (name === undefined) throw new Error(`no file is called ${part}`);
  const file = join(path, name);
  const text = zstdDecompressSync(await readFile(file)).toString('latin1');
  await writeFile(file, zstdCompressSync(Buffer.from(change(text), 'latin1')));
}
