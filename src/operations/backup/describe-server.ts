import type { ManifestDraft } from '../../storage/manifest.ts';
import type { Session } from '../session.ts';

export function describeServer({ adapter: { server } }: Session): ManifestDraft['server'] {
  const { flavour, version, versionText, replica, identity } = server;
  return { flavour, version, versionText, replica, identity };
}
