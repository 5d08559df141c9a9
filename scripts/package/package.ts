// Makes what is installed without Node: one executable, and a Debian package with it. Run by `npm run package`.
import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { root } from '../bundle.ts';
import { buildDebianPackage } from './debian-package.ts';
import { buildExecutable } from './executable.ts';

const { values } = parseArgs({
  options: {
    output: { type: 'string', default: `${root}dist-package` },
    quick: { type: 'boolean', default: false },
    'only-executable': { type: 'boolean', default: false },
  },
});
const output = resolve(values.output);
if (process.platform !== 'linux')
  throw new Error('A package can be made on Linux alone: it holds the Node that makes it.');

rmSync(output, { recursive: true, force: true });
mkdirSync(output, { recursive: true });
const executable = `${output}/vya`;
const notices = await buildExecutable(executable);
writeFileSync(`${output}/THIRD-PARTY-LICENSES.txt`, notices);
console.log(executable);
if (!values['only-executable']) {
  console.log(await buildDebianPackage({ output, executable, notices, date: date(), quick: values.quick }));
  cpSync(`${root}scripts/package/Containerfile`, `${output}/Containerfile`);
}

/** When these sources are from: SOURCE_DATE_EPOCH (reproducible-builds.org), or the last commit's time, or now. */
function date(): Date {
  const said = process.env['SOURCE_DATE_EPOCH'];
  if (said !== undefined) return new Date(Number(said) * 1000);
  const { status, stdout } = spawnSync('git', ['log', '-1', '--format=%ct'], { cwd: root, encoding: 'utf8' });
  return status === 0 ? new Date(Number(stdout) * 1000) : new Date();
}
