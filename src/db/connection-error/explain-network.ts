import type { InstanceTarget } from '../../model/instance.ts';
import { shellWord } from '../../model/shell-word.ts';
import { isLocal } from '../local.ts';
import type { Attempt, Explanation } from './attempt.ts';

/** Why nothing was said at all: no server, no way to it, or no answer. */
export function explainNetwork({ target, code, text }: Attempt): Explanation | undefined {
  const { endpoint, id } = target;
  switch (code) {
    case 'ECONNREFUSED':
      return refused(target);
    case 'ENOENT':
      return {
        what: 'host' in endpoint ? text : `there is no socket ${socketPath(target)}`,
        hint: `${start(target)}, or correct socket${target.type === 'postgresql' ? ' and port' : ''} of ${id} in the configuration: ss -lx lists the sockets that are there.`,
      };
    case 'EACCES':
      return {
        what: 'no permission to use the socket',
        hint: `Run vya as a user who may open ${'host' in endpoint ? 'it' : socketPath(target)}, or set host instead of socket for ${id}.`,
      };
    case 'ENOTFOUND':
      return {
        what: `the host name ${hostOf(target)} cannot be resolved`,
        hint: `Correct host of ${id} in the configuration; getent hosts ${shellWord(hostOf(target))} tries a name.`,
      };
    case 'EAI_AGAIN':
      return {
        what: `the host name ${hostOf(target)} cannot be resolved`,
        hint: 'The name service of this machine does not answer: mend it, then try again.',
      };
    case 'EHOSTUNREACH':
    case 'ENETUNREACH':
      return { what: 'there is no route to this host', hint: 'Check network and firewall.' };
    case 'ECONNRESET':
    case 'EPIPE':
    case 'PROTOCOL_CONNECTION_LOST':
      return lost;
  }
  if (code === 'ETIMEDOUT' || /^timeout expired$|Timeout acquiring a connection/.test(text)) {
    return {
      what: `no answer within ${target.connectTimeoutMs / 1000} s`,
      hint: `Check host and port of ${id}, the firewall between, and that the server is not overloaded.`,
    };
  }
  return text.startsWith('Connection terminated') ? lost : undefined;
}

const lost: Explanation = {
  what: 'the server closed the connection during the login',
  hint: "Check that this is the right kind of server for the instance's type, and look into the server's log.",
};

function refused(target: InstanceTarget): Explanation {
  const { endpoint, id, type } = target;
  if ('socket' in endpoint) {
    return {
      what: `no server listens on the socket ${socketPath(target)}`,
      hint: `${start(target)}, or correct socket of ${id} in the configuration.`,
    };
  }
  if (!isLocal(endpoint)) {
    const setting = type === 'mysql' ? 'bind-address' : 'listen_addresses';
    return {
      what: 'connection refused: no server listens there',
      hint: `Look on ${endpoint.host} whether it runs, on which port, and whether its ${setting} lets other machines in.`,
    };
  }
  return {
    what: 'connection refused: no server listens there',
    hint: `${start(target)}, or correct port of ${id} in the configuration: ss -ltn lists the ports that are listened on.\nhost is TCP, localhost too: for a server that listens on a Unix socket alone, set socket instead.`,
  };
}

function start({ type }: InstanceTarget): string {
  return type === 'mysql'
    ? 'Start the server (systemctl start mariadb, or mysql)'
    : 'Start the server (systemctl start postgresql)';
}

/** The file that is opened: PostgreSQL's is in the directory that is configured, and named after the port. */
function socketPath({ type, endpoint }: InstanceTarget): string {
  if (!('socket' in endpoint)) return '';
  return type === 'mysql' ? endpoint.socket : `${endpoint.socket}/.s.PGSQL.${endpoint.port}`;
}

function hostOf({ endpoint }: InstanceTarget): string {
  return 'host' in endpoint ? endpoint.host : '';
}
