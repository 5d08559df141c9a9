import type { Command } from '../exec/command.ts';
import type { ClientPrograms } from './client-program.ts';

/** What shapes the load of one backup. */
export interface LoadOptions {
  programs: ClientPrograms;
  /** The database's name where the dump was made: MySQL writes it into some views and triggers, which have to follow to the new name. */
  sourceDatabase: string;
  /** PostgreSQL: owners and ACLs are left out. */
  noOwner: boolean;
  noAcl: boolean;
  jobs: number;
  /** Set where a part has not been read to its end before: then it is looked at on its way in. */
  inspect?: InlineInspection | undefined;
}

/** What is looked at in a part while it is loaded. Its end always is. */
export interface InlineInspection {
  /** Every statement, too: none may reach further than the database. */
  statements: boolean;
  /** The most bytes that may come out of it. */
  largest: number;
}

/** How one part is loaded: a command that reads the decompressed part on stdin, or the directory by itself. */
export interface LoadStep {
  command: Command;
  /**
   * Set where several jobs can load the decompressed part once it lies in a file: what to run instead of `command`. Its stdin has to be
   * that file, which each of them opens for itself.
   */
  fromFile?: Command;
  /** Set where another program makes of the part (decompressed, or the directory) what `command` reads. */
  reader?: Command;
  /** Stands before all others, passes on what is in order, and ends as `verdicts` says where the part is at fault. */
  inspector?: Command;
  /** Set where a large part has to be changed on its way in: a program that stands before `command`, stdin to stdout. */
  filter?: Command;
  /**
   * Set where small text has to be changed on its way in (a copy's events are created disabled). Gets the whole
   * decompressed part, so it is only set for parts that hold no rows.
   */
  rewrite?: (content: Buffer) => Buffer;
}

/**
 * Keys that are taken off empty tables, because they are built faster once the rows are there. Each text is for one session of a
 * program that `command` makes anew; those of one list may be loaded at the same time, in their order.
 */
export interface DeferredKeys {
  /** Before the rows. */
  off: readonly (readonly Buffer[])[];
  /** After the rows. */
  on: readonly (readonly Buffer[])[];
  command(): Command;
  /** What differs from the tables as they were before, in words. */
  differences(): Promise<string[]>;
}
