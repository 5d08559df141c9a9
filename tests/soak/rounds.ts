import { setTimeout as sleep } from 'node:timers/promises';
import { databasesOf, dropDatabase } from '../contract/contract.ts';
import { noteFault } from '../faults/ledger.ts';
import { lostSince, pictureOf } from '../faults/picture.ts';
import type { Dice } from '../samples/random.ts';
import { copy, type Field, listed, stateOf } from './field.ts';
import type { Trouble } from './troubles.ts';
import { writeALittle } from './writes.ts';

/** What a soak found that must not be. */
export class Loss extends Error {}

const must = (holds: boolean, what: string): void => {
  if (!holds) throw new Loss(what);
};

/** Runs vya while something happens to it. */
async function runThrough(field: Field, args: string[], trouble: Trouble | undefined, dice: Dice) {
  const { space, disk } = field;
  await trouble?.prepare?.(field, dice);
  const command = args[0] as string;
  const started = performance.now();
  const { child, result } = space.start([...args, '--format', 'json']);
  let struck = trouble !== undefined && trouble.strike === undefined;
  if (trouble?.strike) {
    const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
    await Promise.race([ended, sleep(dice.int(0, Math.ceil(field.usualMs.get(command) ?? 2_000)))]);
    if (child.exitCode === null) struck = await trouble.strike(field, dice, child);
  }
  const outcome = await result;
  await disk?.empty();
  if (!struck) field.usualMs.set(command, performance.now() - started);
  return { ...outcome, struck };
}

/** One fault, noted with what was measured: what is there must stay, but for what may go, and `check` must hold. */
async function noted(
  field: Field,
  what: string,
  mayGo: readonly string[],
  work: () => Promise<{ struck: boolean }>,
): Promise<void> {
  const before = await pictureOf(field.space.storagePath);
  const stays = new Map([...before].filter(([id]) => !mayGo.includes(id)));
  let struck = true;
  let failure: Loss | undefined;
  try {
    ({ struck } = await work());
  } catch (error) {
    if (!(error instanceof Loss)) throw error;
    failure = error;
  }
  const lost = await lostSince(stays, field.space.storagePath);
  if (struck || lost.length > 0 || failure) {
    noteFault(`${what}, ${field.kind}`, { survived: !failure && lost.length === 0, lost: lost.length });
  }
  if (failure) throw failure;
  must(lost.length === 0, `lost ${lost.join(', ')}`);
}

/** Backs up while something happens, and then without trouble; every backup that came of it is known by its content. */
export async function backUpThrough(
  field: Field,
  trouble: Trouble | undefined,
  dice: Dice,
  exact: boolean,
): Promise<void> {
  await writeALittle(field, dice);
  const print = await stateOf(field);
  const learn = async (): Promise<number> => {
    const fresh = (await listed(field)).filter((id) => !field.known.has(id));
    for (const id of fresh) field.known.set(id, print);
    return fresh.length;
  };
  const options = ['--jobs', String(dice.int(1, 3)), ...(exact && dice.chance(0.3) ? ['--exact'] : [])];
  const backup = ['backup', '--skip-prune', ...options];
  await noted(field, `${trouble?.name ?? 'nothing'} during a backup`, [], async () => {
    const { code, struck, stdout, stderr } = await runThrough(field, backup, trouble, dice);
    must(code !== 10, `a bug: ${stdout}${stderr}`);
    const fresh = await learn();
    must(struck || code === 0, `without trouble a backup ended with ${code}: ${stdout}${stderr}`);
    must(code !== 0 || fresh === 1, `a backup ended with 0, and ${fresh} were made`);
    return { struck };
  });
  const next = await field.space.vya(backup);
  must(next.code === 0, `the next backup ended with ${next.code}: ${next.stdout}${next.stderr}`);
  must((await learn()) === 1, 'the next backup made none');
}

/** Prunes while something happens: only what the dry run named may go. */
export async function pruneThrough(field: Field, trouble: Trouble | undefined, dice: Dice): Promise<void> {
  const dry = await field.space.vya(['prune', '--dry-run', '--format', 'json']);
  must(dry.code === 0, `a dry run of prune ended with ${dry.code}: ${dry.stderr}`);
  const { databases } = dry.json<{ databases: { decisions: { id: string; keep: boolean }[] }[] }>();
  const mayGo = databases.flatMap(({ decisions }) =>
    decisions.filter(({ keep }) => !keep).map(({ id }) => id),
  );
  await noted(field, `${trouble?.name ?? 'nothing'} during a prune`, mayGo, async () => {
    const { code, struck, stdout, stderr } = await runThrough(field, ['prune'], trouble, dice);
    must(code !== 10, `a bug: ${stdout}${stderr}`);
    must(struck || code === 0, `without trouble a prune ended with ${code}: ${stdout}${stderr}`);
    return { struck };
  });
  const next = await field.space.vya(['prune']);
  must(next.code === 0, `the next prune ended with ${next.code}: ${next.stdout}${next.stderr}`);
  const now = await listed(field);
  for (const id of field.known.keys()) {
    must(now.includes(id) || mayGo.includes(id), `${id} is not listed any more`);
    if (!now.includes(id)) field.known.delete(id);
  }
}

/** Everything that is listed is known and verifies. */
export async function verifyAll(field: Field): Promise<void> {
  for (const id of await listed(field)) must(field.known.has(id), `${id} is listed, and nobody made it`);
  const { code, stdout, stderr } = await field.space.vya(['verify', '--all', '--format', 'json']);
  must(code === 0, `verify ended with ${code}: ${stdout}${stderr}`);
}

/** Restores one backup beside the sample while something happens, then again: it must be what the sample was. */
export async function restoreThrough(
  field: Field,
  id: string,
  trouble: Trouble | undefined,
  dice: Dice,
): Promise<void> {
  const args = ['restore', '--instance', 'main', '--id', id, '--target-database', copy, '--force'];
  const before = await stateOf(field);
  if (trouble) {
    await noted(field, `${trouble.name} during a restore`, [], async () => {
      const { code, struck, stdout, stderr } = await runThrough(field, args, trouble, dice);
      must(code !== 10, `a bug: ${stdout}${stderr}`);
      return { struck };
    });
  }
  await dropScratch(field);
  const { code, stdout, stderr } = await field.space.vya(args);
  must(code === 0, `restoring ${id} ended with ${code}: ${stdout}${stderr}`);
  const differing = differences(field.known.get(id) ?? {}, await stateOf(field, copy));
  must(differing.length === 0, `${id} came back with other ${differing.join(', ')}`);
  must(
    differences(before, await stateOf(field)).length === 0,
    'a restore beside the sample changed the sample',
  );
  await dropDatabase(field.server, copy);
}

/**
 * Restores a backup over the sample while something happens: afterwards the sample is what it was, or what the backup holds.
 * Not for kill -9 of vya itself: what that leaves is put right by hand, as the README says.
 */
export async function replaceThrough(
  field: Field,
  id: string,
  trouble: Trouble | undefined,
  dice: Dice,
): Promise<void> {
  const before = await stateOf(field);
  const after = field.known.get(id) ?? {};
  const args = ['restore', '--instance', 'main', '--id', id, '--force'];
  await noted(field, `${trouble?.name ?? 'nothing'} during a restore over the sample`, [], async () => {
    const { code, struck, stdout, stderr } = await runThrough(field, args, trouble, dice);
    must(code !== 10, `a bug: ${stdout}${stderr}`);
    must(struck || code === 0, `without trouble a restore ended with ${code}: ${stdout}${stderr}`);
    const now = await stateOf(field).catch((error: unknown) => {
      throw new Loss(
        `after a restore that ended with ${code} the sample is gone: ${String(error)}\n${stdout}${stderr}`,
      );
    });
    const [fromBefore, fromAfter] = [differences(before, now), differences(after, now)];
    must(
      code !== 0 || fromAfter.length === 0,
      `a restore ended with 0, and differs in ${fromAfter.join(', ')}`,
    );
    must(
      fromBefore.length === 0 || fromAfter.length === 0,
      `a restore ended with ${code} and left a mixture: ${fromBefore.join(', ')}\n${stdout}${stderr}`,
    );
    return { struck };
  });
  await dropScratch(field);
}

/** What kill -9 leaves on the server, as the README says. */
async function dropScratch({ server }: Field): Promise<void> {
  const names = (await databasesOf(server)).filter((name) => name.startsWith('vya_tmp_') || name === copy);
  for (const name of names) await dropDatabase(server, name);
}

function differences(a: Record<string, string>, b: Record<string, string>): string[] {
  return [...new Set([...Object.keys(a), ...Object.keys(b)])].filter((key) => a[key] !== b[key]);
}
