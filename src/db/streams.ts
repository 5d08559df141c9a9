/** One of the streams in which the rows of a database are dumped at the same time. */
export interface RowStream {
  /** By their names, the biggest first: a dump reads them in this order. */
  tables: readonly string[];
  /** Of its one table only these rows. */
  where?: string;
}

/** How the rows of one database are dumped: in fixed groups of tables, the biggest stream first. */
export interface Streams {
  rows: readonly RowStream[];
  /**
   * Whether the tables' definitions fit the rows, of which they are no part: they are read at another moment.
   *
   * @throws VyaError `failed` naming a table that was changed since the streams were planned (F5)
   */
  assertUnchanged(): Promise<void>;
}
