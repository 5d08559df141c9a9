import { Command, type CommandUnknownOpts } from '@commander-js/extra-typings';
import { waitOption } from '../arguments.ts';
import type { CliContext } from '../context.ts';
import { exitCodes } from '../exit-codes.ts';
import { openSetup } from '../setup.ts';

export function pinCommand(context: CliContext) {
  return new Command('pin')
    .argument('<backup>', 'any tail of its id that fits only one')
    .option('--reason <text>', 'why, for those who find the pin later')
    .addOption(waitOption())
    .addHelpText('after', examples)
    .action(async (backup, options, command) => {
      await setPin(context, command, { backup, pinned: true, ...options });
    });
}

export function unpinCommand(context: CliContext) {
  return new Command('unpin')
    .argument('<backup>', 'any tail of its id that fits only one')
    .addOption(waitOption())
    .addHelpText('after', examples)
    .action(async (backup, options, command) => {
      await setPin(context, command, { backup, pinned: false, ...options });
    });
}

const examples = `
Examples:
  vya pin prod/shop/20260109T020000Z --reason "before the migration"
  vya unpin prod/shop/20260109T020000Z

vya list shows which backups are pinned.`;

interface PinRequest {
  backup: string;
  pinned: boolean;
  reason?: string | undefined;
  wait: number;
}

async function setPin(context: CliContext, command: CommandUnknownOpts, request: PinRequest): Promise<void> {
  const setup = await openSetup(context, command);
  const { scanBackups } = await import('../../storage/catalogue.ts');
  const { selectById } = await import('../../storage/select.ts');
  const { pin } = await import('../../operations/pin.ts');
  const { storage } = setup.config;
  const backup = selectById((await scanBackups({ basePath: storage.basePath })).backups, request.backup);
  const { pinned, reason, wait: waitSeconds } = request;
  await pin({ backup, storage, pinned, reason, waitSeconds }, setup.operation);
  context.finish({
    code: exitCodes.success,
    json: { status: 'ok', code: 0, id: backup.id, pinned },
    text: pinned ? `${backup.id} is pinned.` : `${backup.id} is no longer pinned.`,
  });
}
