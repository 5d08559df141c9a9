import type { Endpoint } from '../model/instance.ts';

/** Whether an endpoint may be on this machine: a socket, or an address that never leaves it. */
export function isLocal(endpoint: Endpoint): boolean {
  return 'socket' in endpoint || /^(localhost|127\.[\d.]+|::1)$/.test(endpoint.host);
}
