import { execFile } from 'node:child_process';
import { chmod, copyFile, mkdir, mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { readProgram } from '../bundle.ts';
import { licenseNotices } from '../license-notices.ts';

const run = promisify(execFile);
const postject = fileURLToPath(import.meta.resolve('postject/dist/cli.js'));

/** Where Node looks for a program in itself, and the mark that tells it to: both are in the manual's “Single executable applications”. */
const resource = 'NODE_SEA_BLOB';
const fuse = 'NODE_SEA_FUSE_fce680ab2cc467b6e072b8b5df1996b2';

/**
 * Writes vya and the Node that runs this as one executable, by Node's own means.
 *
 * @param file its path
 * @returns the licences of all that is in it, Node's included
 */
export async function buildExecutable(file: string): Promise<string> {
  const work = await mkdtemp(join(tmpdir(), 'vya-executable-'));
  try {
    const notices = await bundle(join(work, 'vya.cjs'));
    await writeFile(join(work, 'sea.json'), JSON.stringify(settings));
    await run(process.execPath, ['--experimental-sea-config', 'sea.json'], { cwd: work });
    const draft = join(work, 'vya');
    await copyFile(process.execPath, draft);
    await run(process.execPath, [postject, draft, resource, join(work, 'vya.blob'), '--sentinel-fuse', fuse]);
    await chmod(draft, 0o755);
    await mkdir(dirname(file), { recursive: true });
    // Whole or not at all, also for somebody who runs the one before.
    await copyFile(draft, `${file}.new`);
    await rename(`${file}.new`, file);
    return notices + (await nodeLicense());
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}

const settings = {
  // Relative: the name ends up in the executable.
  main: 'vya.cjs',
  output: 'vya.blob',
  disableExperimentalSEAWarning: true,
  useCodeCache: true,
  // Warnings would land in cron's mail and among a program's last words: that zstd is experimental in some versions, and (of no type
  // of its own) that this machine has no use for the compiled code, which then is compiled again.
  execArgv: ['--disable-warning=ExperimentalWarning', '--disable-warning=Warning'],
  // NODE_OPTIONS is meant for Node, and nobody who starts vya thinks of it.
  execArgvExtension: 'none',
};

/** One file of CommonJS, which is what Node takes: what is imported on demand is in it, and begins to run only then. */
async function bundle(file: string): Promise<string> {
  const program = await readProgram(['cli/executable']);
  const { output } = await program.write({ file, format: 'cjs', codeSplitting: false });
  await program.close();
  return licenseNotices(output.flatMap((each) => (each.type === 'chunk' ? each.moduleIds : [])));
}

async function nodeLicense(): Promise<string> {
  const text = await readFile(join(dirname(process.execPath), '../LICENSE'), 'utf8');
  return `\n\n${'-'.repeat(80)}\n\nNode.js ${process.versions.node}, and what it holds itself\n\n${text}`;
}
