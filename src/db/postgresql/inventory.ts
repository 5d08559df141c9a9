import type { Inventory } from '../../model/inventory.ts';
import { ONE_MOMENT } from './exact/held-transaction.ts';
import { readNeeds } from './dump/needs.ts';
import { readObjects } from './objects.ts';
import { readProperties } from './properties.ts';
import type { Database } from './session.ts';

/** Everything that a backup of this database has to hold, read in one snapshot. Throws VyaError `connection`, `privileges` or `failed`. */
export async function readInventory(database: Database): Promise<Inventory> {
  return await database.transaction(async (query) => {
    const properties = await readProperties(query);
    const objects = await readObjects(query);
    return { ...objects, needs: await readNeeds(query, properties), database: properties };
  }, ONE_MOMENT);
}
