/** What dpkg is told of the package, beside its files. */

interface Manifest {
  version: string;
  description: string;
}

const maintainer = 'The vya authors <vya@localhost>';

/** Debian's names of the architectures that Node has a name for. Throws for one that no package is made for. */
export function debianArchitecture(arch: string): string {
  const names: Record<string, string> = { x64: 'amd64', arm64: 'arm64' };
  const name = names[arch];
  if (name === undefined) throw new Error(`There is no package for ${arch}, only for x64 and arm64.`);
  return name;
}

/**
 * The control file. The libraries are those that Node's own executable asks for, in the versions that it asks for.
 *
 * @param installedKb what the files take, in units of 1024 bytes
 */
export function controlFile(
  { version, description }: Manifest,
  architecture: string,
  installedKb: number,
): string {
  return `Package: vya
Version: ${version}
Architecture: ${architecture}
Maintainer: ${maintainer}
Installed-Size: ${installedKb}
Depends: adduser, libc6 (>= 2.28), libgcc-s1, libstdc++6 (>= 5.2), util-linux
Recommends: default-mysql-client | mariadb-client | mysql-client, postgresql-client, zstd
Suggests: logrotate, pigz, prometheus-node-exporter
Section: database
Priority: optional
Description: ${description.charAt(0).toLowerCase()}${description.slice(1)}
 vya dumps databases with their own client programs into a tree of files with
 checksums and manifests, thins old backups out, proves that they restore, and
 restores them beside what they replace. It carries users, roles and grants.
 .
 After the installation, "vya init" connects to a server, and "vya schedule
 install" makes a backup of it every night.
`;
}

/** Debian's form of the changelog: each version with the lines that CHANGELOG.md has of it. */
export function debianChangelog(changelog: string, date: Date): string {
  const versions = changelog.split(/^## /m).slice(1);
  const entries = versions.map((text) => {
    const [version = '', ...lines] = text.split('\n');
    const body = lines
      .filter((line) => line.trim() !== '')
      .map((line) => line.replace(/^(- )?/, (dash) => (dash ? '  * ' : '  ')));
    return `vya (${version.trim()}) stable; urgency=medium\n\n${body.join('\n')}\n\n -- ${maintainer}  ${date.toUTCString().replace('GMT', '+0000')}\n`;
  });
  return entries.join('\n');
}
