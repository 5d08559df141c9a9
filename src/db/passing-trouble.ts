import type { VyaError } from '../errors.ts';

/** The drivers' codes for a server that is not there yet, is full, or went away during the login. */
const CODES = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'EPIPE',
  // A socket file is gone while its server restarts.
  'ENOENT',
  'EAI_AGAIN',
  'PROTOCOL_CONNECTION_LOST',
  'ER_CON_COUNT_ERROR',
  'ER_TOO_MANY_USER_CONNECTIONS',
  'ER_SERVER_SHUTDOWN',
  '53300',
  '57P03',
]);

/** What the client programs say of the same, all of it before they have done anything. */
const WORDS = [
  /\b200[23]\b.*Can't connect to/,
  /\b2013\b.*(initial communication|authorization) packet/,
  /\b(1040|1203)\b.*(Too many connections|max_user_connections)/,
  /connection to server .*failed: (Connection refused|Connection reset|No such file|server closed the connection)/,
  /connection to server .*failed: FATAL: +(the database system is |sorry, too many clients|remaining connection slots|too many connections)/,
];

/** Whether connecting failed for a reason that often passes by itself. A refused login or an unknown host does not. */
export function isPassing(error: VyaError): boolean {
  if (error.kind === 'connection') {
    const { code, message } = error.cause as { code?: unknown; message?: string };
    const lost = message?.startsWith('Connection terminated') ?? false;
    return (typeof code === 'string' && CODES.has(code.toUpperCase())) || lost;
  }
  return error.kind === 'failed' && WORDS.some((words) => words.test(error.message.replaceAll('\n', ' ')));
}

/**
 * MySQL's 1412, and tables that were dropped between the inventory and their turn, in the words of the dump programs (F5); definitions
 * that do not fit the rows, in vya's own.
 */
const CHANGED = [
  /columns, keys or partitions of the table .* were changed while its rows were dumped/,
  /Table definition has changed, please retry|Error in field count for table/,
  /doesn't exist\b.*\(1146\)|\b1146\b.*doesn't exist|Couldn't find table/,
  /relation "?.*"? does not exist|could not open relation with OID|cache lookup failed for/,
];

/** Whether a dump failed because a table was changed or dropped meanwhile. */
export function isChangedMeanwhile({ kind, message }: VyaError): boolean {
  return kind === 'failed' && CHANGED.some((words) => words.test(message.replaceAll('\n', ' ')));
}
