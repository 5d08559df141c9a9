import { mkdir } from 'node:fs/promises';
import { type Workspace, workspace } from '../cli/vya.ts';
import { type Fingerprint, fingerprint } from '../contract/fingerprint.ts';
import { cannotMount, mountDisk, type SmallDisk } from '../faults/mounted-disk.ts';
import { loadSample } from '../samples/samples.ts';
import type { ServerKind } from '../servers/kinds.ts';
import type { TestServer } from '../servers/server.ts';
import { startServer } from '../servers/servers.ts';

export const sample = 'soaked';
export const copy = 'soaked_copy';

/** Room for a few dozen backups of the sample, and little enough to be filled at once. */
const diskBytes = 128 * 1024 * 1024;

/** One server with its sample, its storage, and what is known of every backup there. */
export interface Field {
  kind: ServerKind;
  server: TestServer;
  space: Workspace;
  /** Absent where no file system can be mounted: then the disk is never filled. */
  disk: SmallDisk | undefined;
  /** What the sample was when each backup was made, by the backup's id. */
  known: Map<string, Fingerprint>;
  /** Milliseconds that each command takes here when nothing happens to it. */
  usualMs: Map<string, number>;
  close(): Promise<void>;
}

export async function openField(kind: ServerKind): Promise<Field> {
  const server = await startServer(kind);
  await loadSample(server, sample);
  const space = await workspace({
    instances: [{ id: 'main', server, settings: { databases: [sample], accounts: true } }],
    // Few stay, so that a long soak deletes much.
    retention: { hourly: 2, daily: 1, weekly: 0, monthly: 0, keep_last: 3, keep_within: 0, timezone: 'UTC' },
  });
  await mkdir(space.storagePath, { mode: 0o700 });
  const disk = cannotMount === undefined ? mountDisk(space.storagePath, diskBytes) : undefined;
  const close = async (): Promise<void> => {
    disk?.unmount();
    await Promise.all([space.remove(), server.stop()]);
  };
  return { kind, server, space, disk, known: new Map(), usualMs: new Map(), close };
}

/** The sample as it is now, or a copy. Whether its events are enabled is left out: those of a copy never are. */
export async function stateOf({ server }: Field, database: string = sample): Promise<Fingerprint> {
  const print = await fingerprint(server, database);
  return Object.fromEntries(Object.entries(print).filter(([key]) => !key.startsWith('status of event')));
}

/** The ids of the sample's backups that vya lists. */
export async function listed({ space }: Field): Promise<string[]> {
  const result = await space.vya(['list', '--database', sample, '--limit', '1000', '--format', 'json']);
  return result.json<{ backups: { id: string }[] }>().backups.map(({ id }) => id);
}
