import { type Notice, type NoticeLine, summaryOf } from './notice.ts';

/** The report as a person reads it in a mail: what failed first, then everything. */
export function reportText(notice: Notice): string {
  const { run, vya, startedAt, finishedAt, databases, error } = notice;
  const failed = databases.filter(({ result }) => result === 'failed');
  const good = databases.filter(({ result }) => result !== 'failed');
  return [
    summaryOf(notice),
    '',
    ...(error ? [error.message, ''] : []),
    ...(failed.length > 0 ? ['Failed:', ...failed.map(failedLine), ''] : []),
    ...(good.length > 0 ? ['Backed up:', ...good.map(goodLine), ''] : []),
    `Begun ${startedAt.toISOString()}${finishedAt ? `, ended ${finishedAt.toISOString()}` : ''}.`,
    `Run ${run}, vya ${vya}.`,
    '',
  ].join('\n');
}

function failedLine(line: NoticeLine): string {
  const [name, message] = [nameOf(line), line.error?.message ?? 'failed'];
  // Of a server that was not reached the message begins with its name.
  return message.startsWith(`${name}: `) ? `  ${message}` : `  ${name}: ${message}`;
}

function goodLine(line: NoticeLine): string {
  const { bytes, durationMs } = line;
  const size = bytes === undefined ? '' : `, ${(bytes / 1e6).toFixed(1)} MB`;
  const time = durationMs === undefined ? '' : ` in ${(durationMs / 1000).toFixed(1)} s`;
  return `  ${nameOf(line)}${size}${time}`;
}

function nameOf({ instance, database }: NoticeLine): string {
  if (database === undefined) return instance;
  return `${instance}/${database ?? '(accounts)'}`;
}
