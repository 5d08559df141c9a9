import { rolldown, type RolldownBuild } from 'rolldown';
import { fileURLToPath } from 'node:url';

/** The folder of this checkout, with a slash at its end. */
export const root = fileURLToPath(new URL('..', import.meta.url));

/** The drivers name their dialect by its class: knex's list, which asks for the drivers of all others, is never read. */
const withoutOtherDialects = {
  name: 'without-other-dialects',
  load: {
    filter: { id: /knex\/lib\/dialects\/index\.js$/ },
    handler: () => 'module.exports = {};',
  },
};

/** Reads these modules (`cli/main`: src/cli/main.ts) and all that they import. Throws for whatever rolldown complains of. */
export async function readProgram(names: readonly string[]): Promise<RolldownBuild> {
  return await rolldown({
    cwd: root,
    platform: 'node',
    plugins: [withoutOtherDialects],
    // The driver that mysql2's dialect takes the place of.
    external: ['mysql'],
    onLog: (_level, { message }) => {
      throw new Error(message);
    },
    input: Object.fromEntries(names.map((name) => [name, `src/${name}.ts`])),
  });
}
