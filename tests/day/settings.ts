import { stringify } from 'yaml';
import type { Listener } from './listen.ts';
import type { Operator } from './operator.ts';

export const textfile = '/var/lib/prometheus/node-exporter/vya.prom';
export const hookLog = '/var/log/vya/hook.log';
export const mailLogin = { user: 'mailer', password: 'mail p#w' };

/** Whom a run tells, and where it leaves what monitoring reads: the part of a configuration that init does not write. */
export function watching(listener: Listener): string {
  const receivers = { on_failure: ['dba@example.org'], on_success: ['log@example.org'] };
  const server = { host: 'localhost', port: listener.mailPort, ca: '/etc/ssl/mail-ca.pem' };
  return stringify({
    notify: {
      webhook: { url: `${listener.url}/hooks/vya` },
      mail: { ...server, credential: 'mail', from: 'vya@bare.example.org', ...receivers },
    },
    metrics: { textfile },
    logging: { output: '/var/log/vya/vya.log' },
    hooks: { after_run: [['/usr/local/bin/after-backup', 'whole $HOME']] },
  });
}

/** Says what became of a run, and tries to write where only root may. */
export const hook = `#!/bin/sh
echo "$VYA_RESULT|$1" >> ${hookLog}
! touch /etc/vya/by-hook 2> /dev/null
`;

/** A configuration of its own for cron: its path. The server may be there, or not. */
export async function configureForCron({ run, write }: Operator, socket: string): Promise<string> {
  const name = `by-cron${socket.replaceAll('/', '-')}`;
  const configuration = {
    instances: [{ id: 'cron', type: 'postgresql', socket, user: 'vya', connect_retries: 0 }],
    storage: { base_path: `/srv/${name}` },
    security: { run_as: 'vya' },
  };
  await write(`/etc/vya/${name}.yaml`, stringify(configuration));
  await run('install', '-d', '-o', 'vya', '-m', '0700', `/srv/${name}`);
  return `/etc/vya/${name}.yaml`;
}
