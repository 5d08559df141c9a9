import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { backUp, type BackupJson, type Contract, databasesOf, type RestoreJson, sample } from './contract.ts';
import { fingerprint } from './fingerprint.ts';
import { treeOf } from './tree.ts';

interface PruneJson {
  databases: {
    database: string;
    deleted: string[];
    decisions: { id: string; keep: boolean; reasons: string[] }[];
  }[];
}

/** One backup a day: of several of today, only the newest stays. */
const strict = {
  VYA_RETENTION__DAILY: '1',
  VYA_RETENTION__WEEKLY: '0',
  VYA_RETENTION__MONTHLY: '0',
  VYA_RETENTION__KEEP_LAST: '1',
  VYA_RETENTION__KEEP_WITHIN: '0',
};

export function dryRunCases(contract: Contract): void {
  const state = async () => ({
    databases: await databasesOf(contract.server),
    sample: await fingerprint(contract.server, sample),
    storage: await treeOf(contract.space.storagePath),
    config: await treeOf(join(contract.space.path, 'config')),
  });

  const backups = () => readdir(join(contract.space.storagePath, 'main', sample));

  test('--dry-run of backup, restore and prune touches neither server nor disk', async () => {
    const { space } = contract;
    const prune = ['prune', '--instance', 'main', '--format', 'json'];
    await backUp(contract, 'main');
    const count = (await backups()).length;
    const before = await state();

    const backup = await space.vya(['backup', '--dry-run', '--instance', 'main', '--format', 'json']);
    expect(backup.code).toBe(0);
    expect(backup.json<BackupJson>().instances[0]?.databases).toMatchObject([
      { database: sample, status: 'planned' },
    ]);

    const selection = ['--instance', 'main', '--database', sample, '--latest'];
    const restored = await space.vya(['restore', '--dry-run', '--force', '--format', 'json', ...selection]);
    expect(restored.code).toBe(0);
    expect(restored.json<RestoreJson>()).toMatchObject({ dryRun: true, replaced: true });

    const planned = await space.vya([...prune, '--dry-run'], { env: strict });
    expect(planned.code).toBe(0);
    expect(await state()).toEqual(before);

    const [plan] = planned.json<PruneJson>().databases;
    const doomed = plan?.decisions.filter(({ keep }) => !keep).map(({ id }) => id) ?? [];
    expect(doomed).toHaveLength(count - 1);
    expect(count).toBeGreaterThan(1);
    expect(plan?.decisions.every(({ reasons }) => reasons.length > 0)).toBe(true);

    const pruned = await space.vya(prune, { env: strict });
    expect(pruned.code).toBe(0);
    expect(pruned.json<PruneJson>().databases[0]?.deleted.toSorted()).toEqual(doomed.toSorted());
    const left = await backups();
    expect(left).toHaveLength(1);
    expect(doomed).not.toContain(`main/${sample}/${left[0]}`);
  });
}
