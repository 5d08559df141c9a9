import { readdir, readFile, readlink } from 'node:fs/promises';

/**
 * The TCP ports that a process of this machine connects from, by its open sockets (proc(5): `/proc/<pid>/fd`, `/proc/<pid>/net/tcp`).
 * Empty where there is no /proc or the process has ended.
 */
export async function localPorts(pid: number): Promise<number[]> {
  const inodes = await socketInodes(pid);
  if (inodes.size === 0) return [];
  const tables = await Promise.all(
    ['tcp', 'tcp6'].map((name) => readFile(`/proc/${pid}/net/${name}`, 'utf8').catch(() => '')),
  );
  return tables
    .flatMap((table) => table.split('\n').slice(1))
    .flatMap((line) => {
      const fields = line.trim().split(/\s+/);
      const port = Number.parseInt(fields[1]?.split(':')[1] ?? '', 16);
      return inodes.has(fields[9] ?? '') && port > 0 ? [port] : [];
    });
}

async function socketInodes(pid: number): Promise<Set<string>> {
  const fds = await readdir(`/proc/${pid}/fd`).catch(() => [] as string[]);
  const links = await Promise.all(fds.map((fd) => readlink(`/proc/${pid}/fd/${fd}`).catch(() => '')));
  return new Set(links.flatMap((link) => /^socket:\[(\d+)\]$/.exec(link)?.[1] ?? []));
}
