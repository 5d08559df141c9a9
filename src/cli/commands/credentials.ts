import { hostname } from 'node:os';
import { resolve } from 'node:path';
import { Command, Option, type CommandUnknownOpts } from '@commander-js/extra-typings';
import type { Config } from '../../config/resolve.ts';
import { VyaError } from '../../errors.ts';
import type { CredentialStore } from '../../secrets/entry.ts';
import { fileKey, hostKey, secretKey } from '../../secrets/host-key.ts';
import { createAudit } from '../audit.ts';
import { loadConfiguration } from '../configuration.ts';
import type { CliContext } from '../context.ts';
import { exitCodes } from '../exit-codes.ts';
import { listOutcome, usersOf } from '../output/credentials.ts';
import { becomeUser } from '../run-as.ts';
import { packageVersion } from '../version.ts';
import { askConfirmation, askPassword } from '../prompt.ts';

export function credentialsCommand(context: CliContext) {
  return new Command('credentials')
    .addCommand(setCommand(context))
    .addCommand(listCommand(context))
    .addCommand(removeCommand(context))
    .addCommand(importCommand(context))
    .addCommand(rekeyCommand(context))
    .addHelpText('after', examples);
}

const examples = `
Examples:
  vya credentials set prod-mysql-01 --username backup            asks for the password
  vya credentials set prod-mysql-01 --username backup < file     takes it from stdin, one line
  vya credentials import logins.yaml                             { "prod-mysql-01": { "username": …, "password": … } }
  vya credentials rekey --old-hostname db01                      after the host was renamed

The file is .secrets/credentials.json beside the configuration (secrets.path), mode 0600. Its values are Fernet tokens whose
key follows from the host name: that binds them to this machine, and is no secrecy from somebody who has the file and knows
the name. VYA_SECRET_KEY or security.key_file take the host name's place.`;

function setCommand(context: CliContext) {
  return new Command('set')
    .description('Store a login, or replace it. The password comes from a prompt, or from stdin as one line.')
    .argument('<id>', 'its name; an instance uses the one of its own name unless it names another')
    .requiredOption('--username <name>', 'the database user')
    .action(async (id, { username }, command) => {
      const { config, store, note } = await openStore(context, command);
      const { setCredentials } = await import('../../secrets/credentials.ts');
      const password = await askPassword(context, `Password of ${username} for ${id}`);
      const { replaced } = await setCredentials(
        store,
        new Map([[id, { username, password }]]),
        context.now(),
      );
      await note('set', [id]);
      const idle =
        usersOf(config, id).length === 0
          ? [
              `No instance of the configuration logs in with it; restore and verify do with --credential ${id}.`,
            ]
          : [];
      const did = replaced.length > 0 ? 'Replaced' : 'Stored';
      context.finish({
        code: exitCodes.success,
        json: { status: 'ok', path: store.path, id, username, replaced: replaced.length > 0 },
        text: [`${did} the credential ${id} in ${store.path}.`, ...idle].join('\n'),
      });
    });
}

function listCommand(context: CliContext) {
  return new Command('list')
    .description('Show which credentials there are, and which instances use them. Passwords are never shown.')
    .action(async (_options, command) => {
      const { config, store } = await openStore(context, command);
      const { listCredentials } = await import('../../secrets/credentials.ts');
      context.finish(listOutcome(await listCredentials(store), config, store));
    });
}

function removeCommand(context: CliContext) {
  return new Command('remove')
    .description('Delete a credential.')
    .argument('<id>', 'its name')
    .option('--force', 'without asking')
    .action(async (id, options, command) => {
      const { store, note } = await openStore(context, command);
      if (
        !options.force &&
        !(await askConfirmation(context, `Delete the credential ${id} from ${store.path}?`))
      ) {
        throw new VyaError('refused', `The credential ${id} was not deleted: nobody said yes`, {
          hint: 'Say yes on a terminal, or give --force.',
        });
      }
      const { removeCredential } = await import('../../secrets/credentials.ts');
      await removeCredential(store, id);
      await note('remove', [id]);
      context.finish({
        code: exitCodes.success,
        json: { status: 'ok', path: store.path, id },
        text: `Deleted the credential ${id} from ${store.path}.`,
      });
    });
}

function importCommand(context: CliContext) {
  return new Command('import')
    .description('Take logins from a JSON or YAML file in clear: all of them, or none.')
    .argument('<file>', '{ "<id>": { "username": "…", "password": "…" } }')
    .action(async (file, _options, command) => {
      const { store, note } = await openStore(context, command);
      const { readPlainCredentials } = await import('../../secrets/import.ts');
      const { setCredentials } = await import('../../secrets/credentials.ts');
      const path = resolve(context.cwd, file);
      const logins = await readPlainCredentials(path);
      const { replaced } = await setCredentials(store, logins, context.now());
      const ids = [...logins.keys()];
      await note('import', ids);
      context.finish({
        code: exitCodes.success,
        json: { status: 'ok', path: store.path, ids, replaced },
        text: [
          `Imported ${ids.join(', ')} into ${store.path}${replaced.length > 0 ? ` (replaced: ${replaced.join(', ')})` : ''}.`,
          `${path} still holds the passwords in clear: delete it.`,
        ].join('\n'),
      });
    });
}

function rekeyCommand(context: CliContext) {
  return new Command('rekey')
    .description(
      "Encrypt everything anew with today's key, after the host was renamed or the key was changed.",
    )
    .addOption(
      new Option('--old-hostname <name>', 'the host name that they were encrypted with').conflicts(
        'oldKeyFile',
      ),
    )
    .option('--old-key-file <path>', 'a file (mode 0600) with the Fernet key that they were encrypted with')
    .action(async ({ oldHostname, oldKeyFile }, command) => {
      if (oldHostname === undefined && oldKeyFile === undefined) {
        throw new VyaError('usage', 'The old key is not named', {
          hint: 'Give --old-hostname or --old-key-file.',
        });
      }
      const { store, note } = await openStore(context, command);
      const { rekeyCredentials } = await import('../../secrets/credentials.ts');
      const old =
        oldHostname === undefined
          ? await fileKey(resolve(context.cwd, oldKeyFile ?? ''))
          : hostKey(oldHostname);
      const { changed, unchanged } = await rekeyCredentials(store, old, context.now());
      if (changed.length > 0) await note('rekey', changed);
      context.finish({
        code: exitCodes.success,
        json: { status: 'ok', path: store.path, changed, unchanged },
        text:
          changed.length > 0
            ? `Encrypted anew in ${store.path}: ${changed.join(', ')}.`
            : `Nothing to do: everything in ${store.path} is encrypted with today's key.`,
      });
    });
}

async function openStore(
  context: CliContext,
  command: CommandUnknownOpts,
): Promise<{ config: Config; store: CredentialStore; note: Note }> {
  const { config } = await loadConfiguration(context, command);
  const { secrets, security, storage } = config;
  const key = await secretKey({ env: context.env, hostname: hostname(), keyFile: security.keyFile });
  const audit = createAudit(context, {
    basePath: storage.basePath,
    hostname: hostname(),
    version: packageVersion(),
    complain: (message) => void context.stderr.write(`vya: warning: ${message}\n`),
  });
  const note: Note = async (act, credentials) => {
    // Root may have read what only root can; the trail belongs to the storage's user.
    becomeUser(security.runAs, context.env);
    await audit({ action: `credentials-${act}`, result: 'ok', credentials });
  };
  return { config, store: { path: secrets.path, key }, note };
}

/** Notes a change in the audit trail: names, and nothing of what they stand for. */
type Note = (act: 'set' | 'remove' | 'import' | 'rekey', names: string[]) => Promise<void>;
