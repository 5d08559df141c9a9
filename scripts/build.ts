// Bundles vya into dist: few files to open, each loaded by the commands that need it. Run by `npm run build`.
import { rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { rolldown } from 'rolldown';
import { licenseNotices, packageFolders } from './license-notices.ts';

const root = fileURLToPath(new URL('..', import.meta.url));
const output = `${root}dist`;

/** What is started as a program: the command itself, and the processes that it starts of its own (src/exec/own-program.ts). */
const programs = ['cli/main', 'exec/codec-process', 'db/mysql/load/inspect-process'];

/** The drivers name their dialect by its class: knex's list, which asks for the drivers of all others, is never read. */
const withoutOtherDialects = {
  name: 'without-other-dialects',
  load: {
    filter: { id: /knex\/lib\/dialects\/index\.js$/ },
    handler: () => 'module.exports = {};',
  },
};

rmSync(output, { recursive: true, force: true });
const bundle = await rolldown({
  cwd: root,
  platform: 'node',
  plugins: [withoutOtherDialects],
  // The driver that mysql2's dialect takes the place of.
  external: ['mysql'],
  onLog: (_level, { message }) => {
    throw new Error(message);
  },
  input: Object.fromEntries(programs.map((name) => [name, `src/${name}.ts`])),
});
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
