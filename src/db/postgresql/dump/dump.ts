import type { DumpPlan, DumpRequest } from '../../adapter.ts';
import { clientCommand, type Reach } from '../client.ts';
import { FIRST_WITH_METHODS, ZSTD } from '../programs.ts';
import { applicationName } from '../exact/snapshot-watch.ts';

/**
 * One part that holds everything: the directory format where pg_dump can compress it as asked for, otherwise the custom format, not
 * compressed, through vya's compressor. No object is chosen by name, because `-n` and `-t` leave out large objects (F14).
 */
export function planDump(reach: Reach, request: DumpRequest): DumpPlan {
  const { programs, compression, snapshot } = request;
  const { version, options } = programs.dump;
  const asDirectory =
    version.major >= FIRST_WITH_METHODS && (compression.codec !== 'zstd' || options.has(ZSTD));
  const shape = asDirectory ? directoryOptions(request) : ['--format=custom', '--compress=0'];
  const limits = [`--lock-wait-timeout=${reach.target.lockWaitSeconds * 1000}`];
  const suffix = '.pgdump';
  const place = asDirectory ? [`--file=${request.directoryFor(suffix)}`, '--no-sync'] : [];
  const name = snapshot?.name;
  const moment = name === undefined ? [] : [`--snapshot=${name}`];
  const command = clientCommand(reach, programs.dump, [...shape, ...limits, ...moment, ...place], {
    database: request.database,
    ...(name !== undefined && { applicationName: applicationName(name) }),
  });
  return {
    parts: [
      {
        suffix,
        format: asDirectory ? 'pg-directory' : 'pg-custom',
        holds: ['everything'],
        commands: [command],
      },
    ],
    options: [...shape, ...limits],
    oldestClient: `pg_restore ${oldestReader(version.major)}`,
  };
}

function directoryOptions({ jobs, compression }: DumpRequest): string[] {
  const { codec, level } = compression;
  return [
    '--format=directory',
    `--jobs=${Math.max(1, jobs)}`,
    `--compress=${codec === 'none' ? codec : `${codec}:${level}`}`,
  ];
}

/** Archives changed their version with 16 (1.15) and 17 (1.16); before, with 12 (1.14). */
function oldestReader(major: number): number {
  return [17, 16, 12].find((changed) => major >= changed) ?? major;
}
