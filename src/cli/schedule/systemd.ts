import type { SchedulePlan } from './plan.ts';

export const unitDirectory = '/etc/systemd/system';
/** Where a package has its own, which go behind those. */
export const packagedUnits = '/usr/lib/systemd/system';
export const serviceName = 'vya-backup.service';
export const timerName = 'vya-backup.timer';

/** Whose the units are: the first line of each. */
const ofVya = 'Written by vya schedule; vya schedule remove takes it away.';

/** What a machine that was just started starts as well: a run that makes up for a missed night finds its servers there. */
const before =
  'network-online.target mariadb.service mysql.service mysqld.service postgresql.service remote-fs.target';

/**
 * A service that may write to the storage and nowhere else, and gives way to whatever else the machine does; systemd.exec(5) has what
 * each line does. Names of sockets, client certificates and option files may lie in /home, which it reads. A directory that is missing
 * is vya's to complain of: systemd's refusal would be told to nobody.
 */
export function serviceUnit(
  { command, user, storage, writes, usesTemporary }: SchedulePlan,
  origin = ofVya,
): string {
  const writable = [storage, ...writes].map((path) => quoted(`-${path}`));
  return `# ${origin}
[Unit]
Description=Database backups by vya
Documentation=man:vya(1)
Wants=network-online.target
After=${before}
RequiresMountsFor=${quoted(storage)}

[Service]
Type=oneshot
User=${user}
ExecStart=${command.map(argument).join(' ')}
# Of vya's codes, 1 says that some databases failed: the unit fails for that, too.
KillMode=mixed
TimeoutStopSec=60

Nice=10
CPUWeight=20
IOSchedulingClass=best-effort
IOSchedulingPriority=7
IOWeight=20

ProtectSystem=strict
ReadWritePaths=${writable.join(' ')}
ProtectHome=read-only
PrivateTmp=${usesTemporary ? 'no' : 'yes'}
PrivateDevices=yes
NoNewPrivileges=yes
ProtectKernelTunables=yes
ProtectKernelModules=yes
ProtectKernelLogs=yes
ProtectControlGroups=yes
ProtectClock=yes
ProtectHostname=yes
RestrictNamespaces=yes
RestrictSUIDSGID=yes
RestrictRealtime=yes
LockPersonality=yes
RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6
SystemCallArchitectures=native
SystemCallFilter=@system-service
SystemCallErrorNumber=EPERM
CapabilityBoundingSet=CAP_DAC_OVERRIDE CAP_DAC_READ_SEARCH CAP_FOWNER CAP_CHOWN CAP_SETUID CAP_SETGID CAP_KILL
UMask=0077
`;
}

/** Every day, up to a quarter of an hour later, so that many machines do not begin at once; after a night without power, at the next start. */
export function timerUnit({ at, timezone }: SchedulePlan, origin = ofVya): string {
  return `# ${origin}
[Unit]
Description=Database backups by vya, every day at ${at}${timezone === undefined ? '' : ` (${timezone})`}

[Timer]
OnCalendar=*-*-* ${at}:00${timezone === undefined ? '' : ` ${timezone}`}
RandomizedDelaySec=15m
Persistent=true

[Install]
WantedBy=timers.target
`;
}

/** As a command line in a unit wants one argument (systemd.service(5), "Command lines"). */
function argument(text: string): string {
  return quoted(text.replaceAll('$', () => '$$'));
}

/** As the other lists of a unit want one word: there a dollar sign is one. */
function quoted(text: string): string {
  const escaped = text.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('%', '%%');
  return /^[\w./:@=+-]+$/.test(escaped) ? escaped : `"${escaped}"`;
}
