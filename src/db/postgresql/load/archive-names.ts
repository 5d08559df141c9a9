import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { VyaError } from '../../../errors.ts';

/** How pg_dump names the files of a directory archive. */
const usual = /^(toc\.dat|(\d+|blob_\d+)\.dat(\.(gz|zst|lz4))?|blobs(_\d+)?\.toc)$/;

/** Versions of the format (`major * 100 + minor`, pg_backup_archiver.h) whose table of contents is read here. */
const [WITH_TABLE_AM, WITH_ALGORITHM, WITH_RELKIND] = [114, 115, 116];

/**
 * Refuses a directory archive that leads out of its directory. Its table of contents and its lists of large objects name files,
 * and pg_restore (seen with 18) opens whatever they name: `../../etc/passwd` becomes rows of a table.
 *
 * @throws VyaError `verification`
 */
export function assertOwnFiles(directory: string): void {
  const names = readdirSync(directory);
  const odd = names.find((name) => !usual.test(name));
  if (odd !== undefined) throw refusal(directory, `holds “${odd}”, which pg_dump does not write`);
  for (const list of names.filter((name) => name.endsWith('.toc'))) {
    const lines = readFileSync(path.join(directory, list), 'utf8').split('\n').filter(Boolean);
    if (lines.some((line) => !/^\d+ blob_\d+\.dat$/.test(line)))
      throw refusal(directory, `names files outside of it in ${list}`);
  }
  if (!names.includes('toc.dat')) return;
  const named = dataFilesOf(readFileSync(path.join(directory, 'toc.dat')), directory);
  if (named.some((name) => name !== '' && !usual.test(name))) {
    throw refusal(directory, 'names files outside of it in toc.dat');
  }
}

/** The file that each entry of a table of contents has its data in. Of a version that is not known: none. */
function dataFilesOf(toc: Buffer, directory: string): string[] {
  const version = toc[5]! * 100 + toc[6]!;
  if (toc.toString('latin1', 0, 5) !== 'PGDMP' || version < WITH_TABLE_AM || version > WITH_RELKIND)
    return [];
  try {
    return readEntries(toc, version);
  } catch (cause) {
    if (cause instanceof RangeError)
      throw refusal(directory, 'has a toc.dat that cannot be understood', cause);
    throw cause;
  }
}

/** After ReadHead and ReadToc of PostgreSQL's pg_backup_archiver.c. */
function readEntries(toc: Buffer, version: number): string[] {
  const intSize = toc[8]!;
  let at = 11;
  const int = (): number => {
    const sign = toc.readUInt8(at);
    const value = toc.readUIntLE(at + 1, intSize);
    at += 1 + intSize;
    return sign === 0 ? value : -value;
  };
  const text = (): string | undefined => {
    const length = int();
    if (length < 0) return undefined;
    if (at + length > toc.length) throw new RangeError('a text that is longer than the file');
    return toc.toString('utf8', at, (at += length));
  };
  if (version >= WITH_ALGORITHM) at += 1;
  else int();
  for (let field = 0; field < 7; field += 1) int();
  for (let field = 0; field < 3; field += 1) text();
  const names: string[] = [];
  for (let entries = int(); entries > 0; entries -= 1) {
    int();
    int();
    for (let field = 0; field < 4; field += 1) text();
    int();
    for (let field = 0; field < 6; field += 1) text();
    if (version >= WITH_RELKIND) int();
    text();
    text();
    while (text() !== undefined);
    names.push(text() ?? '');
  }
  return names;
}

function refusal(directory: string, what: string, cause?: unknown): VyaError {
  return new VyaError('verification', `${directory} ${what}`, {
    hint: 'It is damaged or was tampered with: restore from another one (vya list shows them).',
    cause,
  });
}
