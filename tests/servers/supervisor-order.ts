/** What the supervisor of a server is told. */
export interface SupervisorOrder {
  file: string;
  args: string[];
  env: Record<string, string>;
  /** The server's folder: removed when the server has ended and its owner is done with it. */
  folder: string;
  /** The file that takes what the server prints. */
  log: string;
  /** The signal that ends this server without care for its data. */
  endSignal: 'SIGKILL' | 'SIGQUIT';
}
