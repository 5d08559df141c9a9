/** What became of one database, or of an instance as a whole (then without a database). */
export interface NoticeLine {
  instance: string;
  /** Null: the instance's accounts. */
  database?: string | null | undefined;
  result: 'ok' | 'partial' | 'failed';
  backup?: string | undefined;
  bytes?: number | undefined;
  durationMs?: number | undefined;
  error?: { kind: string; message: string } | undefined;
}

/** What receivers are told: names, sizes and messages; no rows, no passwords. */
export interface Notice {
  event: 'start' | 'success' | 'failure' | 'test';
  host: string;
  vya: string;
  run: string;
  startedAt: Date;
  finishedAt?: Date;
  databases: readonly NoticeLine[];
  /** What ended the run as a whole. */
  error?: { kind: string; message: string };
}

/** One line: `vya on db01: 12 backed up`. */
export function summaryOf({ event, host, databases, error }: Notice): string {
  const failed = databases.filter(({ result }) => result === 'failed').length;
  const done = databases.length - failed;
  switch (event) {
    case 'start':
      return `vya on ${host}: backup begins`;
    case 'test':
      return `vya on ${host}: this is a test`;
    case 'success':
      return `vya on ${host}: ${done} backed up`;
    case 'failure':
      return error
        ? `vya on ${host}: FAILED: ${error.message}`
        : `vya on ${host}: FAILED: ${failed} of ${databases.length}`;
  }
}

/** The document that a webhook gets. */
export function noticeAsJson(notice: Notice): object {
  const { event, host, vya, run, startedAt, finishedAt, databases, error } = notice;
  return {
    tool: 'vya',
    vya,
    event,
    summary: summaryOf(notice),
    host,
    run,
    startedAt: startedAt.toISOString(),
    ...(finishedAt ? { finishedAt: finishedAt.toISOString() } : {}),
    databases,
    ...(error ? { error } : {}),
  };
}
