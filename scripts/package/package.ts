// Makes what is installed without Node: one executable. Run by `npm run package`.
import { rmSync, writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { root } from '../bundle.ts';
import { buildExecutable } from './executable.ts';

const { values } = parseArgs({ options: { output: { type: 'string', default: `${root}dist-package` } } });
const output = resolve(values.output);

rmSync(output, { recursive: true, force: true });
const notices = await buildExecutable(`${output}/vya`);
writeFileSync(`${output}/THIRD-PARTY-LICENSES.txt`, notices);
console.log(`${output}/vya`);
