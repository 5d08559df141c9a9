import * as z from 'zod';
import type { Engine } from '../../db/adapter.ts';
import { VyaError } from '../../errors.ts';
import { runPipeline } from '../../exec/pipeline.ts';
import { type AccountSet, accountSchema, accountsEnd, accountsSourceSchema } from '../../model/accounts.ts';
import { codecOf, decompressor } from '../../storage/codecs.ts';
import type { OpenBackup } from '../../storage/open-backup.ts';
import { isFirstAdministrator } from './account-names.ts';
import type { OperationContext } from '../context.ts';
import { storedParts } from '../stored-backup.ts';

/** One JSON document a line: the source, each account, and the end. */
export function accountsAsLines({ source, accounts }: AccountSet): string {
  const end = { end: accountsEnd, accounts: accounts.length };
  return [source, ...accounts, end].map((each) => `${JSON.stringify(each)}\n`).join('');
}

/**
 * Statements for the database's own client. The first administrator is left out, because every server has one; he is in the
 * other file.
 */
export function accountsAsSql(engine: Engine, set: AccountSet): string {
  const accounts = set.accounts.filter(
    (account) => account.captured && !isFirstAdministrator(account, set.source),
  );
  const statements = engine.planAccounts({ ...set, accounts }).map(({ sql }) => sql);
  const lines = [...engine.accountsPreamble, ...statements].map((sql) => `${sql};\n`);
  return `-- Users, roles and grants of ${set.source.flavour} ${set.source.server.text}\n${lines.join('')}-- ${accountsEnd}\n`;
}

/**
 * Reads what an accounts backup holds.
 *
 * @throws VyaError `usage` for a backup of another kind, `verification` when its file cannot be understood
 */
export async function readAccountsBackup(backup: OpenBackup, context: OperationContext): Promise<AccountSet> {
  const part = (await storedParts(backup)).find(({ format }) => format === 'json-lines');
  if (backup.manifest.kind !== 'accounts' || !part) {
    throw new VyaError('usage', `${backup.manifest.id} holds a database, not accounts`, {
      hint: 'vya list shows accounts backups as “(accounts)”.',
    });
  }
  const command = await decompressor(codecOf(part.path), context.env);
  const copy = { file: 'cat', args: [], env: { PATH: '/usr/bin:/bin' } };
  const content = await runPipeline([command ?? copy], {
    signal: context.signal,
    input: part.path,
    output: 'keep',
  });
  return parseLines(content.toString('utf8'), part.path);
}

function parseLines(text: string, path: string): AccountSet {
  const [first, ...rest] = text.split('\n').slice(0, -1);
  const end = rest.pop();
  try {
    z.object({ end: z.literal(accountsEnd), accounts: z.literal(rest.length) }).parse(JSON.parse(end ?? ''));
    return {
      source: accountsSourceSchema.parse(JSON.parse(first ?? '')),
      accounts: rest.map((line) => accountSchema.parse(JSON.parse(line))),
    };
  } catch (error) {
    throw new VyaError('verification', `${path} cannot be understood`, {
      hint: 'Restore from another backup; vya list shows them. A newer vya may have made this one.',
      cause: error,
    });
  }
}
