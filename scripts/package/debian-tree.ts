import { cp, mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { scripts } from '../../src/cli/completion/scripts.ts';
import { serviceName, serviceUnit, timerName, timerUnit } from '../../src/cli/schedule/systemd.ts';
import { root } from '../bundle.ts';
import { debianChangelog } from './debian-control.ts';

const templates = `${root}scripts/package/debian/`;

/** The files that an operator may change: dpkg asks before it replaces them. */
export const configurationFiles = ['/etc/vya/config.yaml', '/etc/logrotate.d/vya'];

/** Lays out below `tree` what the package installs, at the places that Debian's policy has for it. */
export async function layOutFiles(
  tree: string,
  { executable, notices, date }: { executable: string; notices: string; date: Date },
): Promise<void> {
  const put = async (path: string, content: string | Buffer): Promise<void> => {
    await mkdir(dirname(join(tree, path)), { recursive: true, mode: 0o755 });
    await writeFile(join(tree, path), content, { mode: 0o644 });
  };
  const read = async (path: string): Promise<string> => await readFile(`${root}${path}`, 'utf8');

  await mkdir(join(tree, 'usr/bin'), { recursive: true });
  await cp(executable, join(tree, 'usr/bin/vya'));
  await put('etc/vya/config.yaml', await readFile(`${templates}config.yaml`));
  await put('etc/logrotate.d/vya', await readFile(`${templates}logrotate`));
  for (const [name, text] of units()) await put(`usr/lib/systemd/system/${name}`, text);
  await put('usr/share/man/man1/vya.1.gz', packed(await read('docs/vya.1')));
  await put('usr/share/bash-completion/completions/vya', scripts.bash);
  await put('usr/share/zsh/vendor-completions/_vya', scripts.zsh);
  await put('usr/share/fish/vendor_completions.d/vya.fish', scripts.fish);

  const doc = 'usr/share/doc/vya';
  const license = (await read('LICENSE')).split('\n').slice(4);
  const indented = license
    .map((line) => ` ${line === '' ? '.' : line}`)
    .join('\n')
    .replace(/( \.\n?)+$/, '');
  await put(`${doc}/copyright`, `${await readFile(`${templates}copyright`, 'utf8')}${indented}\n`);
  await put(`${doc}/THIRD-PARTY-LICENSES.txt.gz`, packed(notices));
  await put(`${doc}/changelog.gz`, packed(debianChangelog(await read('CHANGELOG.md'), date)));
  await put(`${doc}/README.md.gz`, packed(await read('README.md')));
  for (const name of ['operations', 'promises', 'disaster-recovery', 'storage-format']) {
    await put(`${doc}/docs/${name}.md.gz`, packed(await read(`docs/${name}.md`)));
  }
  for (const name of ['config.example.yaml', 'config.schema.json', 'prometheus-rules.yaml']) {
    await put(`${doc}/examples/${name}`, await read(`config/${name}`));
  }
}

/** What `vya schedule print --systemd` prints for the configuration as it is shipped, in whatever zone the machine is. */
function units(): [name: string, text: string][] {
  const plan = {
    command: ['/usr/bin/vya', '--config', '/etc/vya/config.yaml', '--quiet', 'backup'],
    at: '02:30',
    timezone: undefined,
    user: 'vya',
    storage: '/var/backups/vya',
    writes: ['/var/log/vya'],
    usesTemporary: false,
  };
  const origin = `Of the package vya, for backups in ${plan.storage}. vya schedule install writes another one for what is configured, into
# /etc/systemd/system, where it goes before this one.`;
  return [
    [serviceName, serviceUnit(plan, origin)],
    [timerName, timerUnit(plan, origin)],
  ];
}

/** As gzip -9n: the same bytes for the same text. */
function packed(text: string): Buffer {
  return gzipSync(text, { level: 9 });
}
