import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);
const machineKeyring = '/usr/share/keyrings/debian-archive-keyring.gpg';

/** Packages that are only needed to install or to administrate, not to run a program. */
const notNeeded =
  /^(perl|libperl|systemd|libsystemd-shared|passwd|procps|openssl_|locales|libc-l10n|adduser|debconf|galera)/;

/** Whether packages can be had here the Debian way; needs no root. */
export async function isDebian(): Promise<boolean> {
  const release = await readFile('/etc/os-release', 'utf8').catch(() => '');
  return /^ID=debian$/m.test(release) && existsSync('/usr/bin/apt-get') && existsSync(machineKeyring);
}

export interface WantedPackages {
  suites: string[];
  packages: string[];
  mainPackage: string;
  /** What the version of the main package must begin with, less its epoch. */
  version: string;
  /** Only these packages, without what they need: the rest is named among them. */
  alone?: boolean;
}

/**
 * Downloads packages with everything that they need from the first of `suites` that has `mainPackage` in a fitting
 * version, and unpacks them into `folder`. Nothing is installed; signatures are checked by apt as ever. The mirror is
 * the one of the machine's own configuration.
 */
export async function unpackDebian(folder: string, wanted: WantedPackages): Promise<void> {
  const reasons: string[] = [];
  for (const suite of wanted.suites) {
    try {
      await unpackFromSuite(folder, suite, wanted);
      return;
    } catch (error) {
      reasons.push(`${suite}: ${(error as Error).message}`);
    }
  }
  throw new Error(`${wanted.mainPackage} ${wanted.version} cannot be had from Debian\n${reasons.join('\n')}`);
}

async function unpackFromSuite(folder: string, suite: string, wanted: WantedPackages): Promise<void> {
  const apt = await privateApt(suite, folder);
  try {
    const version = await candidate(apt, wanted.mainPackage);
    if (!version?.startsWith(wanted.version)) throw new Error(`holds ${version ?? 'none'}`);
    await downloadAndUnpack(apt, wanted.packages, folder, wanted.alone);
  } finally {
    await rm(apt.folder, { recursive: true, force: true });
  }
}

export interface PrivateApt {
  folder: string;
  configuration: string;
}

/** An apt with lists, cache and package status of its own below `parent`, looking at one suite. */
export async function privateApt(suite: string, parent: string): Promise<PrivateApt> {
  const folder = await mkdtemp(join(parent, '.apt-'));
  await mkdir(join(folder, 'state/lists/partial'), { recursive: true });
  await mkdir(join(folder, 'cache/archives/partial'), { recursive: true });
  await writeFile(join(folder, 'status'), '');
  const configuration = join(folder, 'apt.conf');
  // A mirror that lags behind will do for test servers: signatures are checked all the same.
  await writeFile(
    configuration,
    `#clear APT::Update::Post-Invoke;
#clear APT::Update::Post-Invoke-Success;
#clear APT::Update::Pre-Invoke;
Dir::State "${folder}/state";
Dir::State::status "${folder}/status";
Dir::Cache "${folder}/cache";
Dir::Etc::sourcelist "${folder}/vya.sources";
Dir::Etc::sourceparts "-";
Dir::Etc::preferences "-";
Dir::Etc::preferencesparts "-";
APT::Default-Release "";
APT::Install-Recommends "false";
APT::Get::Assume-Yes "true";
APT::Sandbox::User "root";
Acquire::Languages "none";
Acquire::Retries "3";
Acquire::AllowInsecureRepositories "false";
Acquire::Check-Valid-Until "false";
`,
  );
  const update = async (keyring: string) => {
    await writeFile(join(folder, 'vya.sources'), await sources(suite, keyring));
    await run('apt-get', ['-c', configuration, '-qq', '--error-on=any', 'update']);
  };
  try {
    await update(machineKeyring).catch(async (error: unknown) => {
      if (suite === (await ownSuite())) throw error;
      await update(await newerKeyring(folder));
    });
  } catch (error) {
    await rm(folder, { recursive: true, force: true });
    throw error;
  }
  return { folder, configuration };
}

/** The lines of a sources file for one suite, on the mirrors that this machine uses itself. */
async function sources(suite: string, keyring: string): Promise<string> {
  const format = '$(REPO_URI) $(RELEASE) $(COMPONENT)';
  const targets = ['indextargets', '--no-release-info', '--format', format, 'Created-By: Packages'];
  const { stdout } = await run('apt-get', targets);
  const codename = await ownSuite();
  const mirrorOf = (name: string) =>
    stdout
      .split('\n')
      .find((line) => line.endsWith(` ${name} main`))
      ?.split(' ')[0];
  const mirror = mirrorOf(codename);
  if (!mirror) throw new Error(`apt's configuration names no mirror with ${codename} main`);
  const security = mirrorOf(`${codename}-security`);
  const stanza = (uri: string, suites: string) =>
    `Types: deb\nURIs: ${uri}\nSuites: ${suites}\nComponents: main\nSigned-By: ${keyring}\n\n`;
  if (suite === 'sid' || suite === 'forky') return stanza(mirror, suite);
  return stanza(mirror, suite) + (security ? stanza(security, `${suite}-security`) : '');
}

/** Keys for suites that are newer than the machine's: its own suite's current keyring package, checked with the keys here. */
async function newerKeyring(into: string): Promise<string> {
  const apt = await privateApt(await ownSuite(), into);
  try {
    const folder = join(into, 'keys');
    await downloadAndUnpack(apt, ['debian-archive-keyring'], folder);
    return join(folder, machineKeyring);
  } finally {
    await rm(apt.folder, { recursive: true, force: true });
  }
}

async function ownSuite(): Promise<string> {
  const release = await readFile('/etc/os-release', 'utf8');
  return /^VERSION_CODENAME=(\S+)$/m.exec(release)?.[1] ?? 'sid';
}

async function candidate(apt: PrivateApt, name: string): Promise<string | undefined> {
  const { stdout } = await run('apt-cache', ['-c', apt.configuration, 'policy', name]);
  return /^\s*Candidate: (?:\d+:)?(\d\S*)$/m.exec(stdout)?.[1];
}

async function downloadAndUnpack(
  apt: PrivateApt,
  packages: string[],
  folder: string,
  alone = false,
): Promise<void> {
  const archives = join(apt.folder, 'cache/archives');
  const action = alone ? ['download'] : ['--download-only', 'install'];
  await run('apt-get', ['-c', apt.configuration, '-qq', ...action, ...packages], { cwd: archives });
  for (const name of await readdir(archives)) {
    if (name.endsWith('.deb') && !notNeeded.test(name))
      await run('dpkg', ['-x', join(archives, name), folder]);
  }
}
