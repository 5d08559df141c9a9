import { connect } from 'node:net';
import type { EngineType } from '../../model/instance.ts';

export interface Answerer {
  type: EngineType;
  /** `MariaDB 10.11.19`, `PostgreSQL`: what it says of itself before anybody logs in. */
  name: string;
}

/** PostgreSQL's SSLRequest (its manual, “Message Formats”): answered by one letter, whether it has TLS or not. */
const sslRequest = Buffer.from([0, 0, 0, 8, 4, 210, 22, 47]);

/**
 * Which kind of server listens at an address, by the first bytes that it sends: MySQL and MariaDB greet, PostgreSQL answers a question.
 * Undefined where it is neither, or nobody answers within `timeoutMs`, twice.
 */
export async function whoAnswers(
  { host, port }: { host: string; port: number },
  timeoutMs: number,
): Promise<Answerer | undefined> {
  const socket = connect({ host, port });
  try {
    return await new Promise((resolve) => {
      let asked = false;
      const silent = (): void => {
        if (asked || socket.connecting) return resolve(undefined);
        asked = true;
        socket.write(sslRequest);
      };
      socket.setTimeout(timeoutMs);
      socket.on('timeout', silent);
      socket.on('error', () => resolve(undefined));
      socket.on('close', () => resolve(undefined));
      socket.on('data', (bytes: Buffer) => resolve(asked ? answered(bytes) : greeted(bytes)));
    });
  } finally {
    socket.destroy();
  }
}

/** MySQL's manual, “Protocol::HandshakeV10”: a packet's head of four bytes, 10, and the version up to a zero byte. */
function greeted(bytes: Buffer): Answerer | undefined {
  if (bytes[4] !== 10) return undefined;
  const end = bytes.indexOf(0, 5);
  const version = bytes.toString('latin1', 5, end < 0 ? undefined : end);
  const number = /\d+\.\d+\.\d+/.exec(version.replace(/^5\.5\.5-/, ''))?.[0];
  if (number === undefined) return undefined;
  return { type: 'mysql', name: `${/mariadb/i.test(version) ? 'MariaDB' : 'MySQL'} ${number}` };
}

function answered(bytes: Buffer): Answerer | undefined {
  return bytes.length === 1 && /[SN]/.test(bytes.toString('latin1'))
    ? { type: 'postgresql', name: 'PostgreSQL' }
    : undefined;
}
