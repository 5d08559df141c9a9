import type { Flavour } from '../model/instance.ts';
import type { Version } from '../model/version.ts';

/** A client program that was found, with what it says of itself. */
export interface ClientProgram {
  name: string;
  path: string;
  flavour: Flavour;
  version: Version;
  /** The names of the long options that its --help lists, without dashes; of pg_dump and psql only what vya has to know of them. */
  options: ReadonlySet<string>;
}

/** The programs chosen for one server. */
export interface ClientPrograms {
  dump: ClientProgram;
  load: ClientProgram;
  /** psql or mysql: used to ask which server the programs reach. */
  query: ClientProgram;
}
