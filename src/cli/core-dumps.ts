import { writeFileSync } from 'node:fs';

/**
 * Keeps passwords and rows out of core dumps: those of vya and of every program that it starts hold no memory from here on
 * (proc(5), coredump_filter; a child inherits it, and an exec keeps it). Where there is no such file, nothing changes.
 */
export function leaveMemoryOutOfCoreDumps(): void {
  try {
    writeFileSync('/proc/self/coredump_filter', '0');
  } catch {
    // Another system than Linux, or a container without a writable /proc.
  }
}
