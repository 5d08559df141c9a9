import * as z from 'zod';
import { pathSchema } from './path.ts';

const commands = () =>
  z
    .array(z.array(z.string().min(1)).min(1))
    .default([])
    .meta({ examples: [[['/usr/local/bin/tell', 'backup']]] });

/** Programs that are run around backups. Argument lists: no shell reads them. */
export const hooksSchema = z.strictObject({
  before_run: commands().describe(
    'Programs, as lists of arguments, that run before `vya backup` begins; one that fails ends it.',
  ),
  before_database: commands().describe('Before each database; one that fails makes that backup fail.'),
  after_database: commands().describe('After each database, whatever became of it.'),
  on_success: commands().describe('After a run in which nothing failed.'),
  on_failure: commands().describe('After a run in which anything failed.'),
  after_run: commands().describe('After every run, last.'),
  timeout: z.int().min(1).max(86_400).default(300).describe('Seconds after which such a program is ended.'),
});

const address = z
  .string()
  .regex(/^[^\s,;<>]+@[^\s,;<>]+$/, { error: 'must be one e-mail address, such as dba@example.org' });

const webAddress = z
  .url({ protocol: /^https?$/, error: 'must be an address that begins with https:// or http://' })
  .optional();

const pingSchema = z.strictObject({
  url: webAddress
    .describe(
      'Address of a check as healthchecks.io has them: the run posts to `<url>/start`, `<url>` and `<url>/fail`.',
    )
    .meta({ examples: ['https://checks.example.org/ping/7e0c1f2a'] }),
});

const webhookSchema = z.strictObject({
  url: webAddress
    .describe('Address that gets a JSON document after each run.')
    .meta({ examples: ['https://chat.example.org/hooks/vya'] }),
  when: z.enum(['always', 'failure']).default('always').describe('After every run, or only after failures.'),
});

const mailSchema = z
  .strictObject({
    host: z
      .string()
      .min(1)
      .optional()
      .describe('SMTP server; without it there is no mail.')
      .meta({
        examples: ['mail.example.org'],
      }),
    port: z
      .int()
      .min(1)
      .max(65_535)
      .default(587)
      .describe('Its port: 587 for starttls, 465 for tls, 25 for none.'),
    encryption: z
      .enum(['starttls', 'tls', 'none'])
      .default('starttls')
      .describe('How the connection is encrypted; its certificate is checked.'),
    ca: pathSchema()
      .optional()
      .describe('PEM file of the authority that signed its certificate, where the system does not know it.')
      .meta({ examples: ['/etc/ssl/mail-ca.pem'] }),
    credential: z
      .string()
      .min(1)
      .optional()
      .describe('Stored credential to log in with (`vya credentials set`); without it, no login.')
      .meta({ examples: ['mail'] }),
    from: address
      .optional()
      .describe('Sender.')
      .meta({ examples: ['vya@db01.example.org'] }),
    on_failure: z.array(address).default([]).describe('Receivers after runs in which anything failed.'),
    on_success: z.array(address).default([]).describe('Receivers after runs in which nothing failed.'),
  })
  .superRefine((mail, context) => {
    const receivers = mail.on_failure.length + mail.on_success.length;
    const report = (field: string, message: string) =>
      context.addIssue({ code: 'custom', path: [field], message });
    if (receivers > 0 && mail.host === undefined) report('host', 'must be given: there are receivers');
    if (mail.host !== undefined && mail.from === undefined)
      report('from', 'must be given: mail needs a sender');
  });

/** Whom a run tells how it ended. */
export const notifySchema = z.strictObject({
  ping: pingSchema.prefault({}).describe('A check that complains when no ping comes.'),
  webhook: webhookSchema.prefault({}).describe('Any service that takes JSON.'),
  mail: mailSchema.prefault({}).describe('A report by e-mail.'),
});
