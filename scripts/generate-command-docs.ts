/** Writes docs/commands.md and the man page docs/vya.1 from what the command line says of itself. */
import { writeFileSync } from 'node:fs';
import { readCommands } from './command-help.ts';
import { commandsAsManual, commandsAsMarkdown } from './command-pages.ts';

const docs = new URL('../docs/', import.meta.url);
const commands = await readCommands();
writeFileSync(new URL('commands.md', docs), commandsAsMarkdown(commands));
writeFileSync(new URL('vya.1', docs), commandsAsManual(commands));
