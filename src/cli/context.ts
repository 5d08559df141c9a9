import type { Table } from './output/table.ts';

/** The outside world as commands see it; `main.ts` fills it in once. */
export interface CliContext {
  env: NodeJS.ProcessEnv;
  cwd: string;
  stdin: NodeJS.ReadStream;
  stdout: NodeJS.WriteStream;
  stderr: NodeJS.WriteStream;
  /** Fires on SIGHUP, SIGINT and SIGTERM. */
  signal: AbortSignal;
  now: () => Date;
  /** Called by `main.ts` with the command's outcome; the last one counts. */
  finish(outcome: Outcome): void;
  /** Work that comes after the command, whether it succeeds or fails. It must not throw. */
  atEnd(work: () => Promise<void>): void;
}

/** Lines, and tables between them. */
export type Text = string | readonly (string | Table)[];

/** What a command answers: one result for two printers, of which only one is asked, and the exit code. */
export interface Outcome {
  code: number;
  /** Printed with `--format json`: the one document on stdout. */
  json: unknown;
  /** Printed otherwise; an empty one prints nothing. Tables are made to fit the terminal when they are printed. */
  text: Text;
}

/** The options that every command takes. */
export interface GlobalOptions {
  config?: string | undefined;
  format: 'text' | 'json';
  verbose?: true | undefined;
  quiet?: true | undefined;
}
