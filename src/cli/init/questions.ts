import { VyaError } from '../../errors.ts';
import type { EngineType } from '../../model/instance.ts';
import type { CliContext } from '../context.ts';
import { askChoice, askPassword, askText, canAsk } from '../prompt.ts';

/** What the flags said; what is missing is asked for. */
export interface InitFlags {
  type?: 'mysql' | 'mariadb' | 'postgresql' | undefined;
  id?: string | undefined;
  host?: string | undefined;
  socket?: string | undefined;
  port?: number | undefined;
  username?: string | undefined;
  passwordless?: true | undefined;
  storage?: string | undefined;
}

export interface InitAnswers {
  type: EngineType;
  id: string;
  place: { host: string } | { socket: string };
  port: number;
  username: string;
  /** Absent: the server knows the user by the system's name, or by a certificate. */
  password?: string;
  /** Undefined where the configuration that is there says it, and no flag does. */
  storage: string | undefined;
}

const ports: Record<EngineType, number> = { mysql: 3306, postgresql: 5432 };

/**
 * Completes the flags: by questions on a terminal, otherwise by defaults; what has none must be a flag.
 *
 * @param asksStorage whether the configuration is new
 * @throws VyaError `usage` that names the missing flags
 */
export async function ask(context: CliContext, flags: InitFlags, asksStorage: boolean): Promise<InitAnswers> {
  assertAnswerable(context, flags);
  const chosen =
    flags.type ?? (await askChoice(context, 'What kind of server?', ['mariadb', 'mysql', 'postgresql']));
  const type: EngineType = chosen === 'postgresql' ? 'postgresql' : 'mysql';
  const id = flags.id ?? (await orAsk(context, 'What shall it be called in commands and folders?', 'main'));
  const place = await placeOf(context, flags);
  const port = flags.port ?? ports[type];
  const username =
    flags.username ?? (await askText(context, 'Which database user makes the backups?', 'backup'));
  const password = flags.passwordless ? undefined : await askPassword(context, `Password of ${username}`);
  const storage = asksStorage
    ? (flags.storage ?? (await orAsk(context, 'Where shall backups be kept?', '/var/backups/vya')))
    : flags.storage;
  return {
    type,
    id,
    place,
    port,
    username,
    storage,
    ...(password === undefined ? {} : { password }),
  };
}

function assertAnswerable(context: CliContext, { type, username }: InitFlags): void {
  if (canAsk(context)) return;
  const missing = [...(type ? [] : ['--type']), ...(username ? [] : ['--username'])];
  if (missing.length === 0) return;
  throw new VyaError(
    'usage',
    `Without a terminal nobody can be asked: ${missing.join(' and ')} must be given`,
    {
      hint: 'For example: vya init --type postgresql --host 127.0.0.1 --username backup < password-file',
    },
  );
}

async function placeOf(context: CliContext, { host, socket }: InitFlags): Promise<InitAnswers['place']> {
  if (socket !== undefined) return { socket };
  const place =
    host ?? (await orAsk(context, 'Its host name or address, or the path of its Unix socket?', '127.0.0.1'));
  return place.startsWith('/') ? { socket: place } : { host: place };
}

/** On a terminal the answer, elsewhere what would have been offered there. */
async function orAsk(context: CliContext, message: string, otherwise: string): Promise<string> {
  return canAsk(context) ? await askText(context, message, otherwise) : otherwise;
}
