import { VyaError } from '../../errors.ts';
import type { SetWish } from '../../operations/restore/choose-set.ts';
import type { CliContext } from '../context.ts';
import { parseMoment } from '../moment.ts';
import { nothingStored } from '../nothing-stored.ts';
import { printable } from '../output/format.ts';
import { restoreAllOutcome } from '../output/restore-all.ts';
import { askConfirmation } from '../prompt.ts';
import type { Setup } from '../setup.ts';

export interface RestoreAllOptions {
  instance?: string | undefined;
  latest?: true | undefined;
  at?: string | undefined;
  run?: string | undefined;
  targetInstance?: string | undefined;
  credential?: string | undefined;
  owner: boolean;
  acl: boolean;
  keepOld?: true | undefined;
  replaceInPlace?: true | undefined;
  trust?: true | undefined;
  jobs: number;
  dryRun?: true | undefined;
  force?: true | undefined;
  wait: number;
}

/** `vya restore --all`: a whole server. The instance that the backups are of need not be configured any more. */
export async function restoreWholeServer(
  context: CliContext,
  setup: Setup,
  options: RestoreAllOptions,
): Promise<void> {
  const { instance } = options;
  if (instance === undefined) throw needsInstance();
  const wish = wishOf(options, setup);
  const target = setup.instance(options.targetInstance ?? instance, options.credential);
  const { scanBackups } = await import('../../storage/catalogue.ts');
  const { chooseSet } = await import('../../operations/restore/choose-set.ts');
  const { restoreAll } = await import('../../operations/restore-all.ts');
  const { storage } = setup.config;
  const scan = await scanBackups({ basePath: storage.basePath, instance });
  if (scan.backups.length === 0) throw await nothingStored(storage.basePath, { instance });
  const report = await restoreAll(
    {
      set: await chooseSet(instance, scan, wish),
      storage,
      open: target.open,
      force: options.force ?? false,
      noOwner: !options.owner,
      noAcl: !options.acl,
      keepOld: options.keepOld ?? false,
      inPlace: options.replaceInPlace ?? false,
      trust: options.trust ?? false,
      jobs: options.jobs,
      dryRun: options.dryRun ?? setup.config.dryRun,
      waitSeconds: options.wait,
      confirmChange: async ({ instance: changed, accounts }) =>
        options.force ??
        (await askConfirmation(context, `Change ${accounts.map(printable).join(', ')} on ${changed}?`)),
    },
    setup.operation,
  );
  context.finish(restoreAllOutcome(report));
}

function wishOf({ latest, at, run }: RestoreAllOptions, setup: Setup): SetWish {
  if (run !== undefined) return { by: 'run', run };
  if (at !== undefined) return { by: 'at', moment: parseMoment(at, setup.config.retention.timezone) };
  if (latest) return { by: 'latest' };
  throw new VyaError('usage', 'Which backups? Give --latest, --at TIME or --run RUN', {
    hint: 'vya list shows what there is.',
  });
}

function needsInstance(): VyaError {
  return new VyaError('usage', 'Which server? Give --instance, as its backups name it', {
    hint: 'vya list shows what there is.',
  });
}
