import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { alternate, type Entrant, lastLine } from './alternate.ts';
import { backupPeers, compressesItself, mydumperLine, ownZstd, pgDump } from './backup-peers.ts';
import type { Contender } from './contender.ts';
import { assertEqual } from './digest.ts';
import { measure, WorkFailed } from './measure.ts';
import { missing } from './programs.ts';
import { say } from './progress.ts';
import type { Comparison, Target } from './results.ts';
import { emptyStorage, quote } from './vya.ts';

const copy = 'restored';

/** A database restored from the backup of each program; every copy is compared with its source. */
export async function restoreRow(contender: Contender, runs: number): Promise<Comparison> {
  const { field, vya, database } = contender;
  say(`  restore, ${field.kind}`);
  const source = await field.digest(database);
  let compared = 0;
  const checked = (entrant: Entrant): Entrant => ({
    ...entrant,
    before: async () => {
      await field.dropDatabase(copy);
      if (!entrant.vya) await field.createDatabase(copy);
    },
    after: async () => {
      assertEqual(source, await field.digest(copy));
      compared += 1;
      await field.dropDatabase(copy);
    },
  });
  await emptyStorage(vya);
  await vya.run(['backup', '--skip-prune', '--jobs', '2']);
  const args = ['restore', '--instance', 'main', '--database', database, '--latest'];
  const own = vya.entrant('vya restore --jobs 2', [...args, '--target-database', copy, '--jobs', '2']);
  const peers = field.type === 'mysql' ? await mysqlPeers(contender) : await postgresqlPeers(contender);
  const contestants = await alternate([own, ...peers].map(checked), runs);
  await field.dropDatabase(copy);
  await emptyStorage(vya);
  return {
    row: 'restore',
    title: `Restore, ${field.kind}`,
    contestants,
    targets: targetsOf(peers),
    compared,
    notes: [],
  };
}

function targetsOf(peers: readonly Entrant[]): Target[] {
  const limits: Record<string, number> = { 'zstd -dc | mysql': 0.5, 'pg_restore -Fd -j2': 1.05 };
  return peers
    .filter(({ name }) => name in limits)
    .map(({ name }) => ({
      what: `restore, jobs 2 : ${name}`,
      measure: 'wall',
      of: 'vya restore --jobs 2',
      over: name,
      atMost: limits[name] as number,
    }));
}

async function mysqlPeers({ field, database, made }: Contender): Promise<Entrant[]> {
  const { env, folder } = field;
  const file = join(folder, 'restore.sql.zst');
  const { dump } = backupPeers(field, database, made);
  await measure({ script: `${dump} | zstd -q -${made.compression.level} -f -o ${quote(file)}`, env });
  const client = ['mysql', `--defaults-file=${field.optionFile}`, copy].map(quote).join(' ');
  const byHand: Entrant = {
    name: 'zstd -dc | mysql',
    command: 'zstd -dc file | mysql',
    work: { script: `zstd -q -dc ${quote(file)} | ${client}`, env },
  };
  return [byHand, await myloader(field, database)];
}

async function myloader(field: Contender['field'], database: string): Promise<Entrant> {
  const folder = join(field.folder, 'restore.mydumper');
  let lacking = missing(field.env, 'mydumper', 'myloader');
  if (lacking === undefined) {
    try {
      await measure({ script: mydumperLine(field, database, [], folder), env: field.env });
    } catch (error) {
      if (!(error instanceof WorkFailed)) throw error;
      lacking = `mydumper fails here: ${lastLine(error.message)}`;
    }
  }
  const { admin, host, port } = field.server;
  const login = ['-h', host, '-P', String(port), '-u', admin.user, '-p', admin.password];
  const line = ['myloader', ...login, '-t', '2', '-B', copy, '-d', folder].map(quote).join(' ');
  return {
    name: 'myloader -t 2',
    command: 'myloader -t 2 -d folder',
    work: { script: line, env: field.env },
    optional: true,
    missing: lacking,
  };
}

async function postgresqlPeers({ field, database, made }: Contender): Promise<Entrant[]> {
  const archives = join(field.folder, 'archives');
  await mkdir(archives);
  const codec = compressesItself(made) ? [ownZstd(made)] : [];
  const shapes = [
    { name: 'pg_restore -Fd -j2', dump: ['-Fd', '-j2', ...codec], place: join(archives, 'directory') },
    { name: 'pg_restore -Fc -j2', dump: ['-Fc', ...codec], place: join(archives, 'custom') },
  ];
  const entrants: Entrant[] = [];
  for (const { name, dump, place } of shapes) {
    await measure({ script: pgDump(made, database, [...dump, '-f', place]), env: field.env });
    entrants.push({
      name,
      command: `${name}, of pg_dump ${dump.join(' ')}`,
      work: { script: `${name} -d ${copy} ${quote(place)}`, env: field.env },
    });
  }
  return entrants;
}
