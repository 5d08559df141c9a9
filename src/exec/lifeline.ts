import { type ChildProcess, spawn } from 'node:child_process';
import type { Socket } from 'node:net';

/**
 * A small child that outlives a killed vya: it reads from a pipe that vya holds, and when the pipe ends it ends the
 * process groups and removes the private directories that it was told of. `kill -9` cannot be caught; an end of file can.
 *
 * One line per message: `+g PGID`, `-g PGID`, `+d DIRECTORY`, `-d DIRECTORY`.
 */
const script = `
trap '' HUP INT TERM
groups= directories=
while IFS= read -r line; do
  value=\${line#?? }
  case $line in
    +g*) groups="$groups $value " ;;
    -g*) groups=$(printf '%s' "$groups" | sed "s/ $value / /g") ;;
    +d*) directories="$directories$value
" ;;
    -d*) directories=$(printf '%s' "$directories" | grep -vxF -e "$value"; echo .) && directories=\${directories%.} ;;
  esac
done
for group in $groups; do kill -s TERM -- "-$group" 2>/dev/null; done
[ -z "$groups" ] || sleep 1
for group in $groups; do kill -s KILL -- "-$group" 2>/dev/null; done
printf '%s' "$directories" | while IFS= read -r directory; do
  case $directory in /*/vya-*) rm -rf -- "$directory" ;; esac
done
`;

let child: ChildProcess | undefined;

/** Ends this process group if vya dies without being able to. */
export function guardGroup(pgid: number): void {
  tell(`+g ${pgid}`);
}

/** The group has ended; its number may be given to strangers now. */
export function releaseGroup(pgid: number): void {
  tell(`-g ${pgid}`);
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
