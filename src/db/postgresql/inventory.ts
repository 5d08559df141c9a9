import type { Inventory } from '../../model/inventory.ts';
import { ONE_MOMENT } from './exact/held-transaction.ts';
import { readNeeds } from './dump/needs.ts';
import { gather } from './gather.ts';
import { readObjects } from './objects.ts';
import { readProperties } from './properties.ts';
import type { Database } from './session.ts';

/** Everything that a backup of this database has to hold, read in one snapshot. Throws VyaError `connection`, `privileges` or `failed`. */
export async function readInventory(database: Database): Promise<Inventory> {
  return await database.transaction(async (query) => {
    const ask = gather(query);
    const reading = readProperties(ask);
    const [properties, objects, needs] = await Promise.all([
      reading,
      readObjects(ask),
      readNeeds(ask, reading),
    ]);
    return { ...objects, needs, database: properties };
  }, ONE_MOMENT);
}
