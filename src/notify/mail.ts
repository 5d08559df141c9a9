import { readFile } from 'node:fs/promises';
import { createTransport } from 'nodemailer';
import { VyaError } from '../errors.ts';
import { type Notice, summaryOf } from './notice.ts';
import { reportText } from './report.ts';

export interface MailSettings {
  host: string;
  port: number;
  encryption: 'starttls' | 'tls' | 'none';
  /** Path of a PEM file. */
  ca?: string | undefined;
  login?: { user: string; password: string } | undefined;
  from: string;
  onFailure: readonly string[];
  onSuccess: readonly string[];
}

/** Milliseconds for each step of the conversation. */
const longestStep = 15_000;

/** Those who want to hear of such an event; a test is for all. */
export function receiversOf({ onFailure, onSuccess }: MailSettings, event: Notice['event']): string[] {
  if (event === 'start') return [];
  if (event === 'test') return [...new Set([...onFailure, ...onSuccess])];
  return [...(event === 'failure' ? onFailure : onSuccess)];
}

/** Sends the report over SMTP. Throws VyaError `failed`. */
export async function sendMail(settings: MailSettings, notice: Notice): Promise<void> {
  const { host, port, encryption, ca, login, from } = settings;
  try {
    const transport = createTransport({
      host,
      port,
      secure: encryption === 'tls',
      requireTLS: encryption === 'starttls',
      ignoreTLS: encryption === 'none',
      ...(ca === undefined ? {} : { tls: { ca: await readFile(ca) } }),
      ...(login ? { auth: { user: login.user, pass: login.password } } : {}),
      connectionTimeout: longestStep,
      greetingTimeout: longestStep,
      socketTimeout: longestStep,
      // Nothing of a notice may become a path or an address that is fetched.
      disableFileAccess: true,
      disableUrlAccess: true,
    });
    await transport.sendMail({
      from,
      to: receiversOf(settings, notice.event),
      subject: summaryOf(notice).slice(0, 200),
      text: reportText(notice),
      headers: { 'auto-submitted': 'auto-generated' },
    });
  } catch (error) {
    throw new VyaError('failed', `mail by ${host}:${port} failed: ${(error as Error).message}`, {
      cause: error,
    });
  }
}
