import type { EngineType } from '../model/instance.ts';
import type { Engine } from './adapter.ts';

/** The engine of a kind of server. Loaded when first asked for: drivers take longer to load than many commands to run. */
export async function engineFor(type: EngineType): Promise<Engine> {
  if (type === 'mysql') return (await import('./mysql/engine.ts')).mysqlEngine;
  return (await import('./postgresql/engine.ts')).postgresqlEngine;
}
