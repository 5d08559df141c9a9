import { shellWord } from '../../model/shell-word.ts';
import type { SchedulePlan } from './plan.ts';

export const cronFile = '/etc/cron.d/vya';

/** A file for /etc/cron.d. cron knows no zone but the machine's, and mails what is printed: nothing, when all is well. */
export function cronTable({ command, at, timezone, user }: SchedulePlan): string {
  const [hour, minute] = at.split(':').map(Number) as [number, number];
  return `# Written by vya schedule; vya schedule remove takes it away.
# Every day at ${at}, by the machine's clock (time zone ${timezone} when this was written).
# What is printed is mailed to MAILTO, by default the user: nothing, when all is well.
SHELL=/bin/sh
PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
${minute} ${hour} * * * ${user} nice -n 10 ionice -c 2 -n 7 ${command.map(quoted).join(' ')}
`;
}

/** For the shell, and for cron, which takes a bare percent sign for the end of the line (crontab(5)). */
function quoted(text: string): string {
  return shellWord(text).replaceAll('%', '\\%');
}
