/** A word of a command line that can be copied into a shell. */
export function shellWord(text: string): string {
  return /^[\w.@%+/-][\w.@%+/:=-]*$/.test(text) ? text : `'${text.replaceAll("'", String.raw`'\''`)}'`;
}
