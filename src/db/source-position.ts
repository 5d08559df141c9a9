/** Where the source stood when the dump began. */
export interface SourcePosition {
  kind: 'binlog' | 'gtid' | 'lsn';
  value: string;
  /** True only where the position belongs to the dump's own snapshot. */
  exact: boolean;
}
