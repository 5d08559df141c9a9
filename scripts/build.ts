// Bundles vya into dist: few files to open, each loaded by the commands that need it. Run by `npm run build`.
import { rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { readProgram, root } from './bundle.ts';
import { licenseNotices, packageFolders } from './license-notices.ts';

const output = `${root}dist`;

/** What is started as a program: the command itself, and the processes that it starts of its own (src/exec/own-program.ts). */
const programs = ['cli/main', 'exec/codec-process', 'db/mysql/load/inspect-process'];

rmSync(output, { recursive: true, force: true });
const bundle = await readProgram(programs);
const { output: files } = await bundle.write({
  dir: output,
  format: 'esm',
  entryFileNames: '[name].js',
  // One folder below the root, as exec is: own-program.ts finds the programs from wherever it ends up.
  chunkFileNames: 'chunks/[name]-[hash].js',
  footer: ({ moduleIds }) =>
    packageFolders(moduleIds)
      .map((folder) => `// Holds code of ${path.relative(root, folder)}`)
      .join('\n'),
});
await bundle.close();

const modules = files.flatMap((file) => (file.type === 'chunk' ? file.moduleIds : []));
writeFileSync(`${output}/THIRD-PARTY-LICENSES.txt`, licenseNotices(modules));
