import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';

interface Package {
  name: string;
  version: string;
  license?: string;
  author?: string | { name: string };
}

const rule = '-'.repeat(80);

/** The licences of all packages that these modules come from, as they ask to be passed on with copies of their code. */
export function licenseNotices(modules: readonly string[]): string {
  const notices = packageFolders(modules).map(notice).toSorted();
  return ['vya contains code of these packages.', ...new Set(notices)].join(`\n\n${rule}\n\n`);
}

/** The folders of the packages that these modules come from. */
export function packageFolders(modules: readonly string[]): string[] {
  return [...new Set(modules.flatMap((module) => packageFolder(module) ?? []))].toSorted();
}

/** The nearest folder above a module in node_modules whose package.json names a package; undefined for vya's own modules. */
function packageFolder(module: string): string | undefined {
  if (!path.isAbsolute(module) || !module.includes('/node_modules/')) return undefined;
  for (let folder = path.dirname(module); !folder.endsWith('/node_modules'); folder = path.dirname(folder)) {
    const file = path.join(folder, 'package.json');
    // Some packages hold nameless ones that only say how their files are written.
    if (existsSync(file) && 'version' in JSON.parse(readFileSync(file, 'utf8'))) return folder;
  }
  throw new Error(`${module} belongs to no package`);
}

function notice(folder: string): string {
  const { name, version, license, author } = JSON.parse(
    readFileSync(path.join(folder, 'package.json'), 'utf8'),
  ) as Package;
  if (license === undefined) throw new Error(`${name} names no licence`);
  const files = readdirSync(folder).filter((file) => /^(licen[cs]e|copying|notice)/i.test(file));
  const texts = files.toSorted().map((file) => readFileSync(path.join(folder, file), 'utf8').trim());
  const by = typeof author === 'object' ? author.name : author;
  const words = texts.length > 0 ? texts : [`Licence: ${license}${by === undefined ? '' : `, by ${by}`}`];
  return [`${name} ${version} (${license})`, ...words].join('\n\n');
}
