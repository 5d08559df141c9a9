/** Writes into docs/guarantees.md which tests carry which number. */
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { quotedTexts, withTests } from './guarantees.ts';

const root = fileURLToPath(new URL('..', import.meta.url));
const document = fileURLToPath(new URL('../docs/guarantees.md', import.meta.url));
writeFileSync(document, withTests(readFileSync(document, 'utf8'), quotedTexts(root)));
