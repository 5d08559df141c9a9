import type { InstanceTarget } from '../../src/model/instance.ts';
import type { TestServer } from '../servers/server.ts';

/** A test server as vya is told of it: the administrator's login over TCP, unless `changes` says otherwise. */
export function targetOf(
  server: Pick<TestServer, 'type' | 'host' | 'port' | 'admin'>,
  changes: Partial<InstanceTarget> = {},
): InstanceTarget {
  return {
    id: 'shop',
    type: server.type,
    endpoint: { host: server.host, port: server.port },
    user: server.admin.user,
    password: server.admin.password,
    tls: { mode: 'prefer' },
    connectTimeoutMs: 10_000,
    lockWaitSeconds: 5,
    connectRetries: 0,
    dumpLimits: { silenceSeconds: 0, totalSeconds: 0 },
    ...changes,
  };
}
