import { setTimeout as sleep } from 'node:timers/promises';
import { VyaError } from '../errors.ts';

export interface Post {
  url: string;
  body: string;
  contentType: string;
}

/** Milliseconds that one try may take, and between two of them. */
const longestTry = 10_000;
const pauses = [1_000, 3_000];

/**
 * Posts a small text. What may pass (no connection, 429, 5xx) is tried twice more.
 *
 * @throws VyaError `failed` that names the host alone: the rest of such an address is a secret
 */
export async function post(request: Post, signal: AbortSignal): Promise<void> {
  for (let turn = 0; ; turn += 1) {
    const failure = await attempt(request, signal);
    if (!failure) return;
    const pause = pauses[turn];
    if (!failure.mayPass || pause === undefined) {
      throw new VyaError('failed', `${new URL(request.url).host} ${failure.said}`, { cause: failure.cause });
    }
    await sleep(pause, undefined, { signal });
  }
}

interface Failure {
  said: string;
  mayPass: boolean;
  cause?: unknown;
}

async function attempt({ url, body, contentType }: Post, signal: AbortSignal): Promise<Failure | undefined> {
  try {
    const response = await fetch(url, {
      method: 'POST',
      body,
      headers: { 'content-type': contentType, 'user-agent': 'vya' },
      redirect: 'follow',
      signal: AbortSignal.any([signal, AbortSignal.timeout(longestTry)]),
    });
    await response.body?.cancel();
    if (response.ok) return undefined;
    const mayPass = response.status === 429 || response.status >= 500;
    return { said: `answered ${response.status} ${response.statusText}`.trimEnd(), mayPass };
  } catch (error) {
    signal.throwIfAborted();
    const reason =
      (error as Error).cause instanceof Error ? ((error as Error).cause as Error) : (error as Error);
    return { said: `cannot be reached: ${reason.message}`, mayPass: true, cause: error };
  }
}
