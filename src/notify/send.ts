import { asVyaError } from '../errors.ts';
import { post } from './http.ts';
import type { MailSettings } from './mail.ts';
import { type Notice, noticeAsJson } from './notice.ts';
import { reportText } from './report.ts';

export interface NotifySettings {
  ping?: string | undefined;
  webhook?: { url: string; when: 'always' | 'failure' } | undefined;
  /** Made only when there is something to send: its password is stored encrypted. */
  mail?: (() => Promise<MailSettings>) | undefined;
}

/** What became of one way to tell. */
export interface Delivery {
  channel: 'ping' | 'webhook' | 'mail';
  /** Why it failed. */
  error?: string;
}

/** Tells whoever wants to know, by all ways at once. Never throws: a backup does not fail because nobody could be told. */
export async function send(
  settings: NotifySettings,
  notice: Notice,
  signal: AbortSignal,
): Promise<Delivery[]> {
  const ways = waysFor(settings, notice, signal);
  return await Promise.all(
    ways.map(async ({ channel, deliver }): Promise<Delivery> => {
      try {
        await deliver();
        return { channel };
      } catch (error) {
        return { channel, error: asVyaError(error).message };
      }
    }),
  );
}

interface Way {
  channel: Delivery['channel'];
  deliver(): Promise<void>;
}

function waysFor({ ping, webhook, mail }: NotifySettings, notice: Notice, signal: AbortSignal): Way[] {
  const { event } = notice;
  const ways: Way[] = [];
  if (ping !== undefined) {
    const request = {
      url: pingUrl(ping, event),
      body: reportText(notice),
      contentType: 'text/plain; charset=utf-8',
    };
    ways.push({ channel: 'ping', deliver: () => post(request, signal) });
  }
  if (webhook && event !== 'start' && (webhook.when === 'always' || event !== 'success')) {
    const body = JSON.stringify(noticeAsJson(notice));
    const request = { url: webhook.url, body, contentType: 'application/json' };
    ways.push({ channel: 'webhook', deliver: () => post(request, signal) });
  }
  if (mail && event !== 'start') ways.push({ channel: 'mail', deliver: () => deliverMail(mail, notice) });
  return ways;
}

async function deliverMail(settings: () => Promise<MailSettings>, notice: Notice): Promise<void> {
  const mail = await settings();
  const { receiversOf, sendMail } = await import('./mail.ts');
  if (receiversOf(mail, notice.event).length > 0) await sendMail(mail, notice);
}

/** A check's own path goes on; what stands behind a question mark stays behind it. */
function pingUrl(base: string, event: Notice['event']): string {
  const url = new URL(base);
  const ending = event === 'start' ? '/start' : event === 'failure' ? '/fail' : '';
  url.pathname = url.pathname.replace(/\/$/, '') + ending;
  return url.href;
}
