import type { InstanceTarget } from '../../model/instance.ts';
import type { Attempt, Explanation } from './attempt.ts';
import { whoAnswers } from './who-answers.ts';

/** Milliseconds that a question about the kind of server may take, beside the attempt that failed. */
const longestQuestion = 1_500;

/**
 * Whether what failed is what a server of the other kind looks like: PostgreSQL waits for the client to begin, as MySQL's clients wait
 * for the server, and MySQL's greeting makes no sense to a client of PostgreSQL.
 */
export function mayBeAnother({ target, code, text }: Attempt): boolean {
  if (!('host' in target.endpoint)) return false;
  if (target.type === 'mysql') return code === 'ETIMEDOUT' || code === 'PROTOCOL_CONNECTION_LOST';
  return speaksAnother(text) || text.startsWith('Connection terminated');
}

/** What pg says of bytes that are not PostgreSQL's. */
function speaksAnother(text: string): boolean {
  return /error establishing an SSL connection|^Received unexpected \w+ message/.test(text);
}

/** Names the server that answers there, if it is of the other kind than the instance's type says. */
export async function explainOther({
  id,
  type,
  endpoint,
  connectTimeoutMs,
}: InstanceTarget): Promise<Explanation | undefined> {
  if (!('host' in endpoint)) return undefined;
  const found = await whoAnswers(endpoint, Math.min(longestQuestion, connectTimeoutMs));
  if (found === undefined || found.type === type) return undefined;
  const [wanted, usual] = type === 'mysql' ? ['MySQL or MariaDB', 3306] : ['PostgreSQL', 5432];
  return {
    what: `${found.name} answers there, not ${wanted}`,
    hint: `Set type: ${found.type} for ${id} in the configuration, or correct its port (that of ${wanted} is ${usual} as a rule).`,
  };
}

/** For what is neither, or does not answer a second time. */
export function explainStranger({ target, text }: Attempt): Explanation | undefined {
  if (!speaksAnother(text)) return undefined;
  return {
    what: 'what answers there does not speak the protocol of PostgreSQL',
    hint: `Correct host, port and type of ${target.id} in the configuration.`,
  };
}
