import type { ManifestDraft } from '../../src/storage/manifest.ts';

const version = { text: '10.11.6', major: 10, minor: 11, patch: 6 };

/** A manifest's draft whose parts are these. */
export function draftOf(parts: ManifestDraft['parts'], more: Partial<ManifestDraft> = {}): ManifestDraft {
  return {
    run: 'run-1',
    instance: { id: 'prod', type: 'mysql' },
    server: { flavour: 'mariadb', version, versionText: '10.11.6-MariaDB', replica: false, identity: 'abc' },
    client: { program: 'mariadb-dump', version },
    finishedAt: '2026-01-09T02:00:01.000Z',
    positions: [{ kind: 'binlog', value: 'bin.000001:4', exact: false }],
    oldestClient: 'mariadb 10.11',
    partial: false,
    options: ['--single-transaction'],
    compression: { codec: 'none', level: 3 },
    parts,
    inventoryStable: true,
    warnings: [],
    vya: '0.1.0',
    ...more,
  };
}
