import { execFile } from 'node:child_process';
import { access, constants, symlink } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { env } from 'node:process';
import { promisify } from 'node:util';
import { madeOnce } from './cache.ts';
import { isDebian, unpackDebian } from './debian.ts';
import { patchArguments, toolTree } from './programs.ts';

const run = promisify(execFile);

/** A program that some tests look at vya's output with. */
export interface Extra {
  program: string;
  /** Where it was unpacked with what it needs; absent: the machine has it itself. */
  tree?: string;
}

interface ExtraFacts {
  packages: string[];
  mainPackage: string;
  alone: boolean;
  /** Relative to the unpacked packages. */
  program: string;
  /** Links to make: path and target. */
  links?: readonly (readonly [string, string])[];
  /** What a machine without Debian's packages may have on PATH. */
  onPath: string[];
}

const suite = 'bookworm';

/** Each has a folder of its own in the cache, so that a change of one fetches no other again. */
const extras = {
  'promtool-r1': {
    packages: ['prometheus', 'libc6', 'libc-bin'],
    mainPackage: 'prometheus',
    alone: true,
    program: 'usr/bin/promtool',
    onPath: ['promtool'],
  },
  'zsh-r1': {
    packages: ['zsh', 'zsh-common', 'libcap2', 'libtinfo6', 'libc6', 'libc-bin'],
    mainPackage: 'zsh',
    alone: true,
    program: 'bin/zsh',
    onPath: ['zsh'],
  },
  'fish-r1': {
    packages: [
      'fish',
      'fish-common',
      'libpcre2-32-0',
      'libstdc++6',
      'libgcc-s1',
      'libtinfo6',
      'libc6',
      'libc-bin',
    ],
    mainPackage: 'fish',
    alone: true,
    program: 'usr/bin/fish',
    // It looks beside its own bin for share and etc, and takes both or none.
    links: [['usr/etc', '../etc']],
    onPath: ['fish'],
  },
  'browser-r1': {
    packages: ['chromium-headless-shell', 'fonts-dejavu-core', 'libc-bin'],
    mainPackage: 'chromium-headless-shell',
    alone: false,
    program: 'usr/lib/chromium/chromium-headless-shell',
    onPath: ['chromium', 'google-chrome'],
  },
} as const satisfies Record<string, ExtraFacts>;

export type ExtraName = keyof typeof extras;

/**
 * Fetches a program, once per machine, or finds the machine's own. Where neither can be had it is said aloud what is not tested, and
 * nothing is returned.
 *
 * @param purpose what cannot be tested without it
 */
export async function extra(name: ExtraName, purpose: string): Promise<Extra | undefined> {
  const facts: ExtraFacts = extras[name];
  let reason = 'this is no Debian';
  if ((await isDebian()) && env['VYA_TEST_SERVERS'] !== 'docker') {
    try {
      const tree = await fetched(name, facts);
      return { program: join(tree, facts.program), tree };
    } catch (error) {
      reason = (error as Error).message;
    }
  }
  const program = await firstOnPath(facts.onPath);
  if (program !== undefined) return { program };
  process.stderr.write(`\nNOT TESTED HERE: ${purpose}; ${facts.mainPackage} cannot be had (${reason})\n\n`);
  return undefined;
}

function fetched(name: ExtraName, facts: ExtraFacts): Promise<string> {
  return madeOnce(name, async (folder) => {
    console.error(`Fetching ${facts.mainPackage} from Debian into ${folder} (once) ...`);
    const patchelf = join(await toolTree(), 'patchelf');
    const { packages, mainPackage, alone, program } = facts;
    await unpackDebian(folder, { suites: [suite], packages, mainPackage, version: '', alone });
    await run(patchelf, await patchArguments(folder, join(folder, program)));
    for (const [path, target] of facts.links ?? []) await symlink(target, join(folder, path));
  });
}

async function firstOnPath(names: readonly string[]): Promise<string | undefined> {
  const paths = (env['PATH'] ?? '')
    .split(delimiter)
    .flatMap((folder) => names.map((name) => join(folder, name)));
  for (const path of paths) {
    const runs = await access(path, constants.X_OK).then(
      () => true,
      () => false,
    );
    if (runs) return path;
  }
  return undefined;
}
