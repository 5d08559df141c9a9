/** A program to run, as data: adapters build these, `pipeline.ts` runs them. */
export interface Command {
  /** Absolute path, or a name that is looked up on `env.PATH`. */
  file: string;
  args: readonly string[];
  /** The whole environment of the program; nothing is inherited. */
  env: Readonly<Record<string, string>>;
  /** Content that must not be seen by others: written to a 0600 file in a private directory that is gone afterwards. */
  secretFile?: SecretFile | undefined;
}

export interface SecretFile {
  content: string;
  /** How the program learns the file's path: as first argument (`--defaults-file=` + path), or in a variable (`PGPASSFILE`). */
  as: { argument: string } | { variable: string };
}
