import type { FileEntry } from './manifest.ts';

/**
 * The content of SHA256SUMS or MD5SUMS as coreutils' `sha256sum -c` and `md5sum -c` read it. A line whose name holds a
 * backslash or a line break begins with a backslash, and has these escaped (info coreutils, “md5sum invocation”).
 */
export function sumsText(files: readonly FileEntry[]): string {
  return files
    .map(({ path, checksum }) => {
      const escaped = path.replaceAll('\\', '\\\\').replaceAll('\n', '\\n');
      return `${escaped === path ? '' : '\\'}${checksum}  ${escaped}\n`;
    })
    .join('');
}
