import type { InstanceTarget } from '../../model/instance.ts';

/** A connection that failed. */
export interface Attempt {
  target: InstanceTarget;
  database: string | undefined;
  /** The driver's or the system's code, upper case: `ECONNREFUSED`, `28P01`, `ER_ACCESS_DENIED_ERROR`. */
  code: string;
  /** The driver's message. */
  text: string;
}

/** Why it failed, in words of the problem, and the next thing to do. */
export interface Explanation {
  what: string;
  hint: string;
  /** For logins that succeed, and may not do what they came for. */
  kind?: 'privileges';
}
