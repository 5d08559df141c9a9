/** One line of progress, on standard error. */
export function say(text: string): void {
  process.stderr.write(`${text}\n`);
}
