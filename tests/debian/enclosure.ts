import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { constants } from 'node:os';
import { text } from 'node:stream/consumers';
import { setTimeout as wait } from 'node:timers/promises';

/** A system in namespaces of its own: mounts, processes, host name, and a network that is loopback alone. */
export interface Enclosure {
  /** The root directory, as seen from outside; absolute links inside it lead astray. It ends with the enclosure. */
  folder: string;
  /** The first process inside, by the number that it has outside. */
  pid: number;
  /** Runs a program inside and waits for its end. */
  enter(argv: readonly string[], options?: EnterOptions): Promise<Entered>;
  /** Ends everything inside, and takes away what was written to a copy. */
  end(): Promise<void>;
}

export interface EnterOptions {
  /** The whole environment besides PATH, HOME and LANG. */
  env?: Record<string, string>;
  input?: string;
}

export interface Entered {
  /** The exit code; 128 and more when a signal ended the program. */
  code: number;
  stdout: string;
  stderr: string;
}

/** What a folder is shown as before its first process runs. */
export interface Plan {
  folder: string;
  /** A directory over which a private copy is mounted: the folder itself stays as it is. */
  copyAt?: string;
  /** The first process inside. */
  first: readonly string[];
  /** A cgroup (of version 2, its directory) that the enclosure takes for the root of all. */
  cgroup?: string;
  /** Directories of the machine that are seen inside, too, under the same names. */
  shared?: readonly string[];
}

/** Runs programs in a folder that holds a whole system; what they write stays in it. */
export function enterFolder(folder: string): Promise<Enclosure> {
  return enclose({ folder, first: ['sleep', 'infinity'] });
}

/**
 * What is written to a copy is kept in memory, and all mounts are the namespace's own: when its first process ends,
 * nothing is left. That process ends at the latest with this one, however this one ends. The kernel's settings, its
 * modules and the machine's clock are out of reach.
 */
const script = `
set -eu
folder=$1 copy=$2 cgroup=$3 shared=$4
shift 4
if [ -n "$copy" ]; then
  mount -t tmpfs -o mode=755 vya-test "$copy"
  mkdir "$copy/upper" "$copy/work" "$copy/root"
  mount -t overlay -o "lowerdir=$folder,upperdir=$copy/upper,workdir=$copy/work" vya-test "$copy/root"
  root=$copy/root
else
  mount --bind "$folder" "$folder"
  root=$folder
fi
mount -t proc proc "$root/proc"
mount -o bind,ro "$root/proc/sys" "$root/proc/sys"
mount -t sysfs -o ro,nosuid,nodev,noexec sysfs "$root/sys"
[ -z "$cgroup" ] || mount -t cgroup2 cgroup2 "$root/sys/fs/cgroup"
mount -t tmpfs -o mode=755,nosuid tmpfs "$root/dev"
mkdir "$root/dev/pts" "$root/dev/shm"
for name in null zero full random urandom tty; do
  : > "$root/dev/$name"
  mount --bind "/dev/$name" "$root/dev/$name"
done
mount -t devpts -o newinstance,ptmxmode=0666,mode=620 devpts "$root/dev/pts"
mount -t tmpfs -o mode=1777,nosuid,nodev tmpfs "$root/dev/shm"
mount -t tmpfs -o mode=755,nosuid,nodev tmpfs "$root/run"
mkdir -m 1777 "$root/run/lock"
ln -s pts/ptmx "$root/dev/ptmx"
ln -s /proc/self/fd "$root/dev/fd"
for number in 0:stdin 1:stdout 2:stderr; do ln -s "/proc/self/fd/\${number%:*}" "$root/dev/\${number#*:}"; done
while [ "$shared" -gt 0 ]; do
  mkdir -p "$root$1"
  mount --bind "$1" "$root$1"
  shared=$((shared - 1))
  shift
done
hostname bare
cd "$root"
pivot_root . .
umount -l .
# The loopback device, brought up without a program that a bare system lacks: SIOCSIFFLAGS with IFF_UP and IFF_RUNNING.
[ ! -x /usr/bin/perl ] || perl -e 'socket(S, 2, 2, 0) or die; $up = pack("a16 s x14", "lo", 0x41); ioctl(S, 0x8914, $up) or die "lo: $!"'
echo ready
exec setpriv --bounding-set=-sys_time,-sys_module,-sys_rawio,-sys_boot "$@" > /dev/null 2>&1 < /dev/null
`;

/** Throws an Error with what the system said when this machine allows no namespaces or mounts. */
export async function enclose({
  folder,
  copyAt = '',
  first,
  cgroup = '',
  shared = [],
}: Plan): Promise<Enclosure> {
  const join = 'if [ -n "$1" ]; then echo 0 > "$1/cgroup.procs"; fi; shift; exec "$@"';
  const kinds = ['--mount', '--pid', '--ipc', '--uts', '--net', ...(cgroup ? ['--cgroup'] : [])];
  const outer = ['setpriv', '--pdeathsig', 'KILL', 'unshare', ...kinds, '--fork', '--kill-child'];
  const inner = [
    'sh',
    '-c',
    script,
    'sh',
    folder,
    copyAt,
    cgroup,
    String(shared.length),
    ...shared,
    ...first,
  ];
  const holder = spawn('sh', ['-c', join, 'sh', cgroup, ...outer, ...inner], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { PATH: searchPath, container: 'vya-test', ...unmeasured },
  });
  const closed = once(holder, 'close');
  const complaint = text(holder.stderr);
  const ready = once(holder.stdout, 'data');
  const early = closed.then(async () => {
    throw new Error(`cannot enter ${folder}: ${(await complaint).trim()}`);
  });
  await Promise.race([ready, early]);
  early.catch(() => {});
  const pid = await childOf(holder.pid as number);
  return {
    folder: `/proc/${pid}/root`,
    pid,
    enter: (argv, options) => enter(pid, argv, options),
    async end() {
      holder.kill('SIGKILL');
      await closed;
      // The first process is gone when all others are.
      while (existsSync(`/proc/${pid}`)) await wait(10);
    },
  };
}

/** Node hands the folder of coverage figures to whatever it starts; inside, nobody can write there. */
const unmeasured = { NODE_V8_COVERAGE: undefined };

const searchPath = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

async function childOf(pid: number): Promise<number> {
  return Number((await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8')).trim());
}

async function enter(
  pid: number,
  argv: readonly string[],
  { env = {}, input = '' }: EnterOptions = {},
): Promise<Entered> {
  const namespaces = ['--mount', '--pid', '--ipc', '--uts', '--net', '--root', '--wd'];
  const child = spawn('nsenter', ['--target', String(pid), ...namespaces, '--', ...argv], {
    stdio: ['pipe', 'pipe', 'pipe'],
    env: { PATH: searchPath, HOME: '/root', LANG: 'C.UTF-8', ...unmeasured, ...env },
  });
  child.stdin.on('error', () => {});
  child.stdin.end(input);
  const [stdout, stderr, [code, signal]] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    once(child, 'close') as Promise<[number | null, NodeJS.Signals | null]>,
  ]);
  return { code: code ?? 128 + constants.signals[signal as NodeJS.Signals], stdout, stderr };
}
