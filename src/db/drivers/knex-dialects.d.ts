// Knex ships no types for its dialects' own files.
declare module 'knex/lib/dialects/*/index.js' {
  import type { Knex } from 'knex';
  const dialect: typeof Knex.Client;
  export default dialect;
}
