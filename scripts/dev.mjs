// Starts the development tasks with everything they need: `node scripts/dev.mjs test|demo|soak|bench|package|run …`.
// Runs on an old system Node and without any dependency; the tasks themselves need Node 22.22.
import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { constants, tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const [major, minor] = process.versions.node.split('.').map(Number);
const nodeIsOld = major < 22 || (major === 22 && minor < 22);

const changedAt = (path) => statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0;

/** Installs what the lock in `folder` asks for, unless the last installation is newer than the lock. */
function install(folder, env) {
  const installed = changedAt(join(folder, 'node_modules', '.package-lock.json'));
  if (installed >= changedAt(join(folder, 'package-lock.json'))) return;
  console.error(`Installing ${join(folder, 'package-lock.json')} ...`);
  const args = ['ci', '--include=dev', '--include=optional', '--ignore-scripts', '--no-audit', '--no-fund'];
  const npm = spawnSync('npm', args, {
    cwd: folder,
    env,
    stdio: ['ignore', 2, 2],
    shell: process.platform === 'win32',
  });
  if (npm.status !== 0) fail(`npm ci failed in ${folder}; its message is above.`);
}

/** The folder of a Node that is new enough: the running one's, or that of a private one, whose version is the same everywhere. */
function nodeFolder({ isPrivate }) {
  if (!nodeIsOld && !isPrivate) return dirname(process.execPath);
  install(join(root, 'scripts', 'node'), process.env);
  const name = `node-${process.platform}-${process.arch}`;
  const folder = join(root, 'scripts', 'node', 'node_modules', name, 'bin');
  if (changedAt(join(folder, 'node')) === 0) {
    // npm does not fail when an optional package could not be downloaded: the next run must try again.
    rmSync(join(root, 'scripts', 'node', 'node_modules'), { recursive: true, force: true });
    fail(`npm brought no ${name}: check the network and try again, or install Node 22.22 or newer.`);
  }
  return folder;
}

function fail(message) {
  throw new Error(message);
}

/** Runs a program to its end and answers with its exit code; signals are passed on. */
function run(file, args, env) {
  const child = spawn(file, args, { cwd: root, env, stdio: 'inherit' });
  // A terminal's Ctrl-C reaches the child by itself, and a second one would cut short how it ends.
  const passOn = (signal) => (signal === 'SIGINT' && process.stdin.isTTY) || child.kill(signal);
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'];
  for (const signal of signals) process.on(signal, passOn);
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code, signal) => {
      for (const name of signals) process.off(name, passOn);
      resolve(code ?? 128 + constants.signals[signal]);
    });
  });
}

/** Runs the tests; the coverage figure includes the processes that the tests start, the last one is that of injected faults. */
async function test(node, args, env) {
  const own = mkdtempSync(join(tmpdir(), 'vya-tests-'));
  const raw = join(own, 'coverage');
  const vitest = join(root, 'node_modules', 'vitest', 'vitest.mjs');
  const c8 = join(root, 'node_modules', 'c8', 'bin', 'c8.js');
  const report = ['report', '--all', '--src', 'src', '--include', 'src/**/*.ts', '--extension', '.ts'];
  const output = ['--reporter', 'text-summary', '--reporter', 'lcovonly', '--reports-dir', 'coverage'];
  try {
    const faults = join(own, 'faults.jsonl');
    const inTests = { ...env, NODE_V8_COVERAGE: raw, VYA_TEST_FAULTS: faults };
    const code = await run(node, [vitest, 'run', ...args], inTests);
    await run(node, [c8, ...report, ...output, '--temp-directory', raw], env);
    const survived = await run(node, [join(root, 'tests', 'faults', 'report.ts'), faults], env);
    return code || survived;
  } finally {
    rmSync(own, { recursive: true, force: true });
  }
}

/** Prepares the machine and runs one task; answers with its exit code. */
async function main([task, ...args]) {
  const usage = 'Usage: node scripts/dev.mjs test|demo|soak|bench|package|run <command> [arguments]';
  const tasks = ['test', 'demo', 'soak', 'bench', 'package', 'run'];
  if (!tasks.includes(task) || (task === 'run' && args.length === 0)) fail(usage);
  // A package holds the Node that makes it: one of which is known where it runs.
  const folder = nodeFolder({ isPrivate: task === 'package' });
  const path = [folder, join(root, 'node_modules', '.bin'), process.env.PATH].join(delimiter);
  const env = { ...process.env, PATH: path };
  // An old Node's npm would choose older packages than the lock names: npm too runs on the new one.
  install(root, env);
  const node = join(folder, 'node');
  if (task === 'test') return test(node, args, env);
  if (task === 'demo') return run(node, [join('scripts', 'demo', 'demo.ts'), ...args], env);
  if (task === 'soak') return run(node, [join('tests', 'soak', 'soak.ts'), ...args], env);
  if (task === 'bench') return run(node, [join('scripts', 'bench', 'bench.ts'), ...args], env);
  if (task === 'package') return run(node, [join('scripts', 'package', 'package.ts'), ...args], env);
  return run(args[0], args.slice(1), env);
}

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  console.error(error.message);
  process.exitCode = 1;
}
