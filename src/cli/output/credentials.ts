import type { Config } from '../../config/resolve.ts';
import { VyaError } from '../../errors.ts';
import type { CredentialSummary } from '../../secrets/credentials.ts';
import type { CredentialStore } from '../../secrets/entry.ts';
import { describeKey } from '../../secrets/host-key.ts';
import type { Outcome } from '../context.ts';
import { exitCodeOfMany } from '../exit-codes.ts';
import { errorAsJson, statusAsJson } from './print.ts';
import { describeProblems } from './problems.ts';

/** The instances that log in with a credential. */
export function usersOf({ instances }: Config, credential: string): string[] {
  const used = instances.filter(({ user }) => user === undefined);
  return used.filter(({ id, credential: named }) => (named ?? id) === credential).map(({ id }) => id);
}

/** What `credentials list` answers: 4 or 1 where something does not decrypt here, so that scripts notice. */
export function listOutcome(
  credentials: readonly CredentialSummary[],
  config: Config,
  store: CredentialStore,
): Outcome {
  const entries = credentials.map(({ id, username }) => ({
    id,
    username,
    usedBy: usersOf(config, id),
    error: username === undefined ? unreadable(store) : undefined,
  }));
  const code = exitCodeOfMany(entries.map(({ error }) => error?.kind ?? 'ok'));
  const failures = entries.map(({ error }) => error);
  const rows = entries.map(({ id, username, usedBy }) => [
    id,
    username ?? '(does not decrypt)',
    usedBy.join(', '),
  ]);
  const first = failures.find((failure) => failure !== undefined);
  return {
    code,
    json: {
      ...statusAsJson(code, failures),
      path: store.path,
      credentials: entries.map(({ error, ...entry }) => ({
        ...entry,
        ...(error ? { error: errorAsJson(error) } : {}),
      })),
    },
    text: [
      rows.length > 0
        ? { header: ['CREDENTIAL', 'USER', 'USED BY'], rows, fold: ['USED BY'] }
        : `There are no credentials in ${store.path} yet: vya credentials set ID --username NAME`,
      ...describeProblems(store.path, first ? { error: first } : {}),
    ],
  };
}

function unreadable({ key }: CredentialStore): VyaError {
  return new VyaError('credentials', `does not decrypt with ${describeKey(key)}`, {
    hint: 'If the host name has changed: vya credentials rekey --old-hostname NAME. Otherwise store it again.',
  });
}
