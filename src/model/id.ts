/** Ids of instances and credentials. They become directory names, so they hold nothing that a path could trip over. */
export const idPattern = /^[a-z0-9][a-z0-9._-]{0,63}$/;

/** What the pattern says, for people. */
export const idText =
  'lower-case letters, digits, dots, dashes and underscores, starting with a letter or digit, at most 64';
