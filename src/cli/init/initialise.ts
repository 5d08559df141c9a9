import { homedir, hostname } from 'node:os';
import { resolve } from 'node:path';
import type { CommandUnknownOpts } from '@commander-js/extra-typings';
import { type LocateOptions, lookForConfigFile, newConfigPath, readConfigFile } from '../../config/locate.ts';
import type { Config } from '../../config/resolve.ts';
import { writeConfigFile } from '../../config/write-file.ts';
import { engineFor } from '../../db/registry.ts';
import type { InstanceTarget } from '../../model/instance.ts';
import { setCredentials } from '../../secrets/credentials.ts';
import { secretKey } from '../../secrets/host-key.ts';
import { loadConfiguration } from '../configuration.ts';
import type { CliContext, GlobalOptions } from '../context.ts';
import { asUser, becomeUser, prepareBaseFor } from '../run-as.ts';
import { ask, type InitAnswers, type InitFlags } from './questions.ts';
import { type InstanceEntry, newConfig, runAsIn, withInstance } from './write-config.ts';

export interface Initialised {
  configPath: string;
  /** Whether the file was there already. */
  added: boolean;
  /** Absent for a login without a password. */
  credentialsPath?: string;
  id: string;
  server: string;
}

/**
 * Connects with what the flags and the answers say, and only then writes: a configuration, or one more server in the one that is
 * there, and the credential.
 *
 * @throws VyaError `usage`, `connection`, `refused`, `configuration`, `credentials`
 */
export async function initialise(
  context: CliContext,
  command: CommandUnknownOpts,
  flags: InitFlags,
): Promise<Initialised> {
  const globals = command.optsWithGlobals() as unknown as GlobalOptions;
  const where = {
    flagPath: globals.config,
    env: context.env,
    cwd: context.cwd,
    homedir: homedir(),
    uid: process.getuid?.(),
  };
  const present = await presentConfig(where);
  const configPath = present?.path ?? newConfigPath(where);
  const runAs = present && runAsIn(present.text);
  const answers = await ask(context, flags, present === undefined);
  const server = await asUser(runAs, () => tryConnecting(answers, context.signal));
  const entry = entryOf(answers);
  const storage = answers.storage === undefined ? undefined : resolve(context.cwd, answers.storage);
  const text = present
    ? withInstance(present.text, entry, { path: configPath, storage })
    : newConfig(entry, storage);
  await writeConfigFile(configPath, text);
  // From here on whatever is asked reads what was written.
  command.parent?.setOptionValue('config', configPath);
  const { config } = await loadConfiguration(context, command);
  await prepareBaseFor(runAs, config.storage.basePath);
  becomeUser(runAs, context.env);
  const credentialsPath = await storeCredential(context, config, answers);
  return { configPath, added: present !== undefined, id: answers.id, server, ...credentialsPath };
}

/** Undefined where there is none; one that must not be obeyed, or cannot be read, is not written over. */
async function presentConfig(
  where: LocateOptions & { uid: number | undefined },
): Promise<{ path: string; text: string } | undefined> {
  const path = await lookForConfigFile(where);
  return path === undefined ? undefined : { path, text: await readConfigFile(path, where.uid) };
}

/** The version that answered. Throws VyaError `connection`. */
async function tryConnecting(answers: InitAnswers, signal: AbortSignal): Promise<string> {
  const { id, type, place, port, username, password } = answers;
  const target: InstanceTarget = {
    id,
    type,
    endpoint: { ...place, port },
    user: username,
    password,
    tls: { mode: 'prefer' },
    connectTimeoutMs: 10_000,
    lockWaitSeconds: 60,
    connectRetries: 0,
    dumpLimits: { silenceSeconds: 0, totalSeconds: 0 },
  };
  const adapter = await (await engineFor(type)).connect(target, { signal });
  try {
    return adapter.server.versionText;
  } finally {
    await adapter.close();
  }
}

function entryOf({ id, type, place, port, username, password }: InitAnswers): InstanceEntry {
  const isUsual = port === (type === 'mysql' ? 3306 : 5432);
  return {
    id,
    type,
    ...place,
    ...(isUsual ? {} : { port }),
    ...(password === undefined ? { user: username } : {}),
  };
}

async function storeCredential(
  context: CliContext,
  config: Config,
  { id, username, password }: InitAnswers,
): Promise<{ credentialsPath?: string }> {
  if (password === undefined) return {};
  const key = await secretKey({ env: context.env, hostname: hostname(), keyFile: config.security.keyFile });
  const { path } = config.secrets;
  await setCredentials({ path, key }, new Map([[id, { username, password }]]), context.now());
  return { credentialsPath: path };
}
