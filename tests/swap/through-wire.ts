import type { StoredPart } from '../../src/db/adapter.ts';
import { mysqlEngine } from '../../src/db/mysql/engine.ts';
import type { VyaError } from '../../src/errors.ts';
import { scratchName } from '../../src/model/scratch-names.ts';
import { type Bench, load, replaceRequest } from '../db/mysql/support.ts';
import { targetOf } from '../db/target.ts';
import type { Wire } from '../faults/wire.ts';

export interface Restoring {
  parts: readonly StoredPart[];
  /** The database that the parts were dumped from. */
  source: string;
  /** The one that is replaced. */
  name: string;
  keepOldAs?: string;
}

/**
 * Restores over a database through the wire, as a restore does; `arm` is called when the replacing begins. Answers how it failed.
 */
export async function restoreThrough(
  wire: Wire,
  bench: Bench,
  { parts, source, name, keepOldAs }: Restoring,
  arm: () => void,
): Promise<VyaError | undefined> {
  wire.watch(() => 'pass');
  const target = targetOf({ ...bench.server, port: wire.port }, { tls: { mode: 'disable' } });
  const adapter = await mysqlEngine.connect(target, { signal: new AbortController().signal });
  const fresh = scratchName('restore', adapter.server.identity);
  try {
    const inventory = await bench.adapter.inventory(source);
    await adapter.createDatabase(fresh, inventory);
    await load(bench, parts, fresh, { sourceDatabase: source, disableEvents: true });
    const through = { ...bench, adapter };
    const request = await replaceRequest(through, parts, {
      fresh,
      name,
      sourceDatabase: source,
      inventory,
      keepOldAs,
    });
    arm();
    await adapter.replace(request);
    return undefined;
  } catch (error) {
    return error as VyaError;
  } finally {
    wire.watch(() => 'pass');
    // As a restore does: what is needed for settling it is not dropped.
    await adapter.dropDatabase(fresh).catch(() => {});
    await adapter.close();
  }
}
