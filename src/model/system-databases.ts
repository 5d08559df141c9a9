import type { EngineType } from './instance.ts';

/** The servers' own databases, and those that managed services keep for themselves. */
const systemDatabases: Record<EngineType, ReadonlySet<string>> = {
  mysql: new Set(['mysql', 'information_schema', 'performance_schema', 'sys', '#mysql50#lost+found']),
  postgresql: new Set([
    'template0',
    'template1',
    'postgres',
    'rdsadmin',
    'cloudsqladmin',
    'azure_maintenance',
    'azure_sys',
  ]),
};

/** True for a database that belongs to the server or to the service that runs it; it is taken only when it is named. */
export function isSystemDatabase(type: EngineType, name: string): boolean {
  return systemDatabases[type].has(name);
}
