import { lstatSync } from 'node:fs';
import pino from 'pino';
import { VyaError } from './errors.ts';

export type LogLevel = 'DEBUG' | 'INFO' | 'WARNING' | 'ERROR' | 'CRITICAL';

export interface LogSettings {
  level: LogLevel;
  /** `text` for people, `json` for machines: one object per line. */
  format: 'text' | 'json';
  /** `console` is stderr; anything else is a file's path, which is appended to. */
  output: string;
}

type Write = (fields: Record<string, unknown>, message: string) => void;

/** What operations log with. */
export interface Log {
  debug: Write;
  info: Write;
  warning: Write;
  error: Write;
  critical: Write;
  /** From now on this value appears in no line. */
  conceal(secret: string): void;
}

/** The levels of syslog's names that operators know, in pino's numbers. */
const levels = { debug: 20, info: 30, warning: 40, error: 50, critical: 60 };
const redacted = ['password', '*.password', 'token', '*.token', 'secret', '*.secret'];

/**
 * A logger that writes each line before it returns, so that nothing is lost at exit (F38). When the log cannot be
 * written (a full disk), the work goes on and stderr says so once. Throws VyaError `configuration` for a link.
 */
export function createLog(settings: LogSettings): Log {
  const secrets = new Set<string>();
  const destination = openDestination(settings.output);
  const stream = {
    write(line: string): void {
      const safe = conceal(line, secrets);
      destination.write(settings.format === 'json' ? safe : asText(safe));
    },
  };
  const logger = pino(
    {
      level: settings.level.toLowerCase(),
      customLevels: levels,
      useOnlyCustomLevels: true,
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label.toUpperCase() }) },
      redact: { paths: redacted, censor: '[redacted]' },
    },
    stream,
  );
  return {
    debug: (fields, message) => logger.debug(fields, message),
    info: (fields, message) => logger.info(fields, message),
    warning: (fields, message) => logger.warning(fields, message),
    error: (fields, message) => logger.error(fields, message),
    critical: (fields, message) => logger.critical(fields, message),
    conceal: (secret) => void secrets.add(secret),
  };
}

/** A link that somebody planted would let vya write into any file. /dev/stderr and its like are links by nature. */
function assertNoLink(output: string): void {
  if (output.startsWith('/dev/') || !lstatSync(output, { throwIfNoEntry: false })?.isSymbolicLink()) return;
  throw new VyaError('configuration', `The log ${output} is a symbolic link`, {
    hint: 'Give the path of the file itself as logging.output.',
  });
}

function openDestination(output: string): { write(text: string): void } {
  if (output !== 'console') assertNoLink(output);
  const destination =
    output === 'console'
      ? pino.destination({ dest: 2, sync: true })
      : pino.destination({ dest: output, sync: true, append: true, mkdir: true, mode: 0o600 });
  let said = false;
  destination.on('error', (error: Error) => {
    if (!said && output !== 'console')
      process.stderr.write(`vya: cannot write the log ${output}: ${error.message}\n`);
    said = true;
  });
  return { write: (text) => void destination.write(text) };
}

/** Short values are left alone: replacing them would tear holes into every line without hiding anything. */
function conceal(line: string, secrets: ReadonlySet<string>): string {
  let safe = line;
  for (const secret of secrets) {
    if (secret.length < 4) continue;
    safe = safe
      .replaceAll(secret, '[redacted]')
      .replaceAll(JSON.stringify(secret).slice(1, -1), '[redacted]');
  }
  return safe;
}

/** One line, also for a message of several: `2026-01-09 02:00:00Z WARNING shop: 2 tables are not transactional (instance=prod)` */
function asText(line: string): string {
  const { level, time, msg, ...fields } = JSON.parse(line) as Record<string, unknown>;
  const rest = Object.entries(fields).map(([key, value]) => `${key}=${asWord(value)}`);
  const when = String(time)
    .replace('T', ' ')
    .replace(/\.\d+Z$/, 'Z');
  // Names of databases are in messages: whoever chose one must not write lines or escape sequences of their own.
  const message = String(msg)
    .replaceAll('\n', ' | ')
    .replaceAll(/\p{Cc}/gu, (character) => JSON.stringify(character).slice(1, -1));
  return `${when} ${String(level).padEnd(7)} ${message}${rest.length > 0 ? ` (${rest.join(' ')})` : ''}\n`;
}

function asWord(value: unknown): string {
  return typeof value === 'string' && /^[^\s="]+$/.test(value) ? value : JSON.stringify(value);
}
