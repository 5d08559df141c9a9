import type { Command } from '../exec/command.ts';

/** A file that, decompressed, can be read to its end, and ends with this text where there is one. */
export interface FileCheck {
  path: string;
  endMarker: string | undefined;
}

/**
 * How an archive's end is proven: SQL dumps by the text at their end, PostgreSQL archives by a full read. In a directory,
 * pg_restore takes the end of a data file for the end of the table wherever it comes: each file has to be read besides.
 *
 * `inspect` reads a decompressed SQL dump that is about to be loaded, and prints an Inspection.
 */
export type ArchiveCheck =
  { endMarker: string; inspect?: Command } | { command: Command; files?: readonly FileCheck[] };

/** What `inspect` prints, as JSON. */
export interface Inspection {
  /** The last bytes, as Latin-1. */
  tail: string;
  /** Why it must not be loaded, to follow after the part's name; absent: it may. */
  refusal?: string;
}

/** How a program that looks at a dump on its way into the client ends when the dump is at fault; the reason is on its stderr. */
export const verdicts = { refused: 8, notWhole: 9, tooLarge: 11 } as const;
