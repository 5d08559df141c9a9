import { VyaError } from '../../errors.ts';
import { describeEndpoint, type InstanceTarget } from '../../model/instance.ts';
import type { Attempt, Explanation } from './attempt.ts';
import { explainLogin } from './explain-login.ts';
import { explainNetwork } from './explain-network.ts';
import { explainTls } from './explain-tls.ts';
import { explainOther, mayBeAnother } from './explain-other.ts';

/**
 * Says in plain words why a server could not be reached or refused the login: a VyaError `connection`, or `privileges` where only
 * the database is closed to the account, with the driver's error as cause. Where another kind of server may be the reason, it is
 * asked what it is.
 */
export async function connectionError(
  target: InstanceTarget,
  error: unknown,
  database?: string,
): Promise<VyaError> {
  const { code, text } = describe(error);
  const attempt: Attempt = { target, database, code, text };
  const other = mayBeAnother(attempt) ? await explainOther(target) : undefined;
  const explanation: Explanation = other ??
    explainNetwork(attempt) ??
    explainTls(attempt) ??
    explainLogin(attempt) ?? {
      what: text,
      hint: 'Check the connection settings of this instance with vya check.',
    };
  const { kind = 'connection', what, hint } = explanation;
  const message = `${target.id}: cannot connect to ${describeEndpoint(target.endpoint)}: ${what}`;
  return new VyaError(kind, message, { hint, cause: error });
}

function describe(error: unknown): { code: string; text: string } {
  // Node joins the attempts on all addresses of a name into one error that has a code, but no text.
  const first = error instanceof AggregateError ? (error.errors[0] as unknown) : error;
  const { code } = error as { code?: unknown };
  return {
    code: typeof code === 'string' ? code.toUpperCase() : '',
    text: first instanceof Error ? first.message.trim() : String(first),
  };
}
