/** What an operator should know before or after a dump; errors stop that database. */
export interface Finding {
  severity: 'error' | 'warning';
  /** For errors: decides the exit code. */
  kind: 'privileges' | 'failed';
  message: string;
  hint: string;
}
