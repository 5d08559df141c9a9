import { hostname } from 'node:os';
import { asVyaError } from '../errors.ts';
import type { MailSettings } from '../notify/mail.ts';
import type { Notice } from '../notify/notice.ts';
import { type Delivery, type NotifySettings, send } from '../notify/send.ts';
import { errorForAudit } from '../operations/audit.ts';
import type { BackupReport } from '../operations/backup/backup-report.ts';
import { describeRun } from '../operations/backup/describe-run.ts';
import { type HookFacts, runHooks, tryHooks } from '../operations/hooks.ts';
import { getCredential } from '../secrets/credentials.ts';
import { secretKey } from '../secrets/host-key.ts';
import type { Setup } from './setup.ts';

/** Milliseconds that all telling after a run may take together: also a run that was interrupted tells. */
const longestTelling = 60_000;

/**
 * Runs hooks and tells whoever is configured, around a run.
 *
 * @returns what could not be told, beside the report
 * @throws VyaError `failed` for a hook that comes before, and whatever the work throws, once it was told
 */
export async function announced(
  setup: Setup,
  run: string,
  work: () => Promise<BackupReport>,
): Promise<{ report: BackupReport; problems: string[] }> {
  const notice = noticeFor(setup, run, 'start');
  const problems = await tell(setup, notice);
  let report: BackupReport;
  try {
    await runHooks(
      setup.config.hooks.beforeRun,
      { event: 'before_run', run },
      hookLimit(setup),
      setup.operation,
    );
    report = await work();
  } catch (error) {
    const failure = errorForAudit(
      asVyaError(setup.operation.signal.aborted ? setup.operation.signal.reason : error),
    );
    await conclude(
      setup,
      { ...notice, event: 'failure', finishedAt: setup.operation.now(), error: failure, databases: [] },
      'failed',
    );
    throw error;
  }
  const { result = 'ok', databases = [] } = describeRun(report);
  const event = result === 'ok' ? 'success' : 'failure';
  const ended: Notice = {
    ...notice,
    event,
    finishedAt: setup.operation.now(),
    databases,
  };
  problems.push(...(await conclude(setup, ended, result)));
  return { report, problems };
}

/** Tells of an event that has no run; for trying the settings out. */
export async function announceTest(setup: Setup): Promise<Delivery[]> {
  return await send(
    notifySettings(setup),
    noticeFor(setup, 'test', 'test'),
    AbortSignal.timeout(longestTelling),
  );
}

async function conclude(setup: Setup, notice: Notice, result: string): Promise<string[]> {
  const { hooks } = setup.config;
  // What comes after an interrupted run is run all the same.
  const calm = { ...setup.operation, signal: new AbortController().signal };
  const facts = (event: HookFacts['event']): HookFacts => ({
    event,
    run: notice.run,
    result,
    message: notice.error?.message,
  });
  const outcome = notice.event === 'success' ? 'on_success' : 'on_failure';
  const own = notice.event === 'success' ? hooks.onSuccess : hooks.onFailure;
  return [
    ...(await tryHooks(own, facts(outcome), hookLimit(setup), calm)),
    ...(await tryHooks(hooks.afterRun, facts('after_run'), hookLimit(setup), calm)),
    ...(await tell(setup, notice)),
  ];
}

async function tell(setup: Setup, notice: Notice): Promise<string[]> {
  const deliveries = await send(notifySettings(setup), notice, AbortSignal.timeout(longestTelling));
  const problems = deliveries.flatMap(({ channel, error }) =>
    error === undefined ? [] : [`${channel}: ${error}`],
  );
  for (const problem of problems)
    setup.operation.log.warning({ event: notice.event }, `not told: ${problem}`);
  return problems.map((problem) => `could not tell that the run ${tense(notice)}: ${problem}`);
}

function tense({ event }: Notice): string {
  return event === 'start' ? 'began' : 'ended';
}

function hookLimit({ config }: Setup): number {
  return config.hooks.timeoutMs;
}

function noticeFor({ operation, version }: Setup, run: string, event: Notice['event']): Notice {
  return { event, host: hostname(), vya: version, run, startedAt: operation.now(), databases: [] };
}

function notifySettings(setup: Setup): NotifySettings {
  const { ping, webhook, mail } = setup.config.notify;
  return {
    ping,
    webhook,
    mail:
      mail &&
      (async (): Promise<MailSettings> => ({
        ...mail,
        login: mail.credential === undefined ? undefined : await loginOf(setup, mail.credential),
      })),
  };
}

async function loginOf(
  { config, operation }: Setup,
  credential: string,
): Promise<{ user: string; password: string }> {
  const { secrets, security } = config;
  const key = await secretKey({ env: operation.env, hostname: hostname(), keyFile: security.keyFile });
  const { username, password } = await getCredential({ path: secrets.path, key }, credential);
  return { user: username, password };
}
