import { createHash, randomBytes } from 'node:crypto';

/** Databases that vya itself makes for a while begin so, and are never backed up. */
export const scratchPrefix = 'vya_tmp_';

export type ScratchPurpose = 'restore' | 'rehearsal' | 'old';

export interface ScratchName {
  purpose: ScratchPurpose;
  /** Stands for the server that it was made on. */
  server: string;
  /** The run that made it: what belongs together has the same. */
  mark: string;
}

/** A name that nobody has: `vya_tmp_restore_1a2b3c4d_0123456789ab`. `identity` is the server's own. */
export function scratchName(purpose: ScratchPurpose, identity: string): string {
  return `${scratchPrefix}${purpose}_${serverMark(identity)}_${randomBytes(6).toString('hex')}`;
}

/** The name under which what `fresh` replaces waits for its end. */
export function asideName(fresh: string): string {
  const { server, mark } = parseScratchName(fresh) ?? {
    server: serverMark(fresh),
    mark: randomBytes(6).toString('hex'),
  };
  return `${scratchPrefix}old_${server}_${mark}`;
}

/** Undefined for any other name. */
export function parseScratchName(name: string): ScratchName | undefined {
  const found = /^vya_tmp_(restore|rehearsal|old)_([0-9a-f]{8})_([0-9a-f]{12})$/.exec(name);
  if (!found) return undefined;
  const [, purpose, server = '', mark = ''] = found;
  return { purpose: purpose as ScratchPurpose, server, mark };
}

/** Eight digits that tell servers apart: replication and clusters copy databases, but not the locks that protect them. */
export function serverMark(identity: string): string {
  return createHash('sha256').update(identity).digest('hex').slice(0, 8);
}
