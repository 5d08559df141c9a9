/** The most that names may take on a command line, in bytes; Linux refuses 2 MB, environment included. */
export const ARGUMENT_BYTES = 1_500_000;

/** What names take there: each has its end, and its place in the list of arguments. */
export function argumentBytes(names: readonly string[]): number {
  return names.reduce((sum, name) => sum + Buffer.byteLength(name) + 9, 0);
}
