import { type ChildProcess, spawn } from 'node:child_process';
import type { Socket } from 'node:net';
import { startOf } from './process-group.ts';

/**
 * A small child that outlives a killed vya: it reads from a pipe that vya holds, and when the pipe ends it ends the
 * process groups and removes the private directories that it was told of. `kill -9` cannot be caught; an end of file can.
 *
 * One line per message: `+g PGID:START`, `-g PGID:START`, `+d DIRECTORY`, `-d DIRECTORY`. START is when the group's leader
 * was started (`startOf`). A leader of the same number that was started at another moment is a stranger's: it is left alone.
 * It starts no program while vya lives: it hears twice of each one that vya runs.
 */
const script = `
trap '' HUP INT TERM
groups= directories= newline='
'
while IFS= read -r line; do
  value=\${line#?? }
  case $line in
    +g*) groups="$groups $value" ;;
    -g*)
      kept=
      for group in $groups; do [ "$group" = "$value" ] || kept="$kept $group"; done
      groups=$kept ;;
    +d*) directories="$directories$value$newline" ;;
    -d*)
      kept= rest=$directories
      while [ -n "$rest" ]; do
        first=\${rest%%"$newline"*} rest=\${rest#*"$newline"}
        [ "$first" = "$value" ] || kept="$kept$first$newline"
      done
      directories=$kept ;;
  esac
done
signal() {
  for group in $groups; do
    pgid=\${group%%:*} now=
    read -r stat 2>/dev/null <"/proc/$pgid/stat" && now=$(set -- \${stat##*') '}; shift 19; echo "$1")
    [ -z "$now" ] || [ "$now" = "\${group#*:}" ] || continue
    kill -s "$1" -- "-$pgid" 2>/dev/null
  done
}
signal TERM
[ -z "$groups" ] || sleep 1
signal KILL
printf '%s' "$directories" | while IFS= read -r directory; do
  case $directory in /*/vya-*) rm -rf -- "$directory" ;; esac
done
`;

let child: ChildProcess | undefined;
const guarded = new Map<number, string>();

/** Ends this process group, whose leader has not been reaped, if vya dies without being able to. */
export function guardGroup(pgid: number, start = startOf(pgid)): void {
  const group = `${pgid}:${start ?? ''}`;
  guarded.set(pgid, group);
  tell(`+g ${group}`);
}

/** The group has ended; its number may be given to strangers now. */
export function releaseGroup(pgid: number): void {
  tell(`-g ${guarded.get(pgid) ?? pgid}`);
  guarded.delete(pgid);
}

/** Removes this private directory if vya dies without being able to. */
export function guardDirectory(directory: string): void {
  // A name with a line break would be two messages; no temporary directory that vya makes has one.
  if (!directory.includes('\n')) tell(`+d ${directory}`);
}

export function releaseDirectory(directory: string): void {
  if (!directory.includes('\n')) tell(`-d ${directory}`);
}

function tell(line: string): void {
  child ??= start();
  child.stdin?.write(`${line}\n`);
}

function start(): ChildProcess {
  const started = spawn('/bin/sh', ['-c', script], {
    stdio: ['pipe', 'ignore', 'ignore'],
    // Away from the terminal's process group: Ctrl-C must not end the one that cleans up.
    detached: true,
    cwd: '/',
    env: { PATH: '/usr/bin:/bin' },
  });
  // The lifeline must neither keep vya running nor bring it down.
  started.on('error', () => {});
  started.stdin.on('error', () => {});
  (started.stdin as Socket).unref();
  started.unref();
  return started;
}
