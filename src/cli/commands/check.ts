import { Command } from '@commander-js/extra-typings';
import type { VyaError } from '../../errors.ts';
import type { CheckReport, InstanceCheck } from '../../operations/check.ts';
import { severalOption } from '../arguments.ts';
import type { CliContext, Outcome } from '../context.ts';
import { exitCodeOf, exitCodeOfMany } from '../exit-codes.ts';
import { formatBytes, formatCount } from '../output/format.ts';
import type { Table } from '../output/table.ts';
import { errorAsJson, statusAsJson } from '../output/print.ts';
import { describeProblems, withSubject } from '../output/problems.ts';
import { openSetup } from '../setup.ts';

export function checkCommand(context: CliContext) {
  return new Command('check')
    .addOption(severalOption('--instance <id>', 'only this instance'))
    .addHelpText('after', examples)
    .action(async (options, command) => {
      const setup = await openSetup(context, command);
      const { check } = await import('../../operations/check.ts');
      const job = { instances: setup.instances(options.instance), storage: setup.config.storage };
      context.finish(checkOutcome(await check(job, setup.operation)));
    });
}

const examples = `
Examples:
  vya check
  vya check --instance prod --format json

The exit code is the one that a backup would have. No dump is made.`;

export function checkOutcome(report: CheckReport): Outcome & { json: object } {
  const code = exitCode(report);
  return {
    code,
    json: {
      ...statusAsJson(code, failuresOf(report)),
      storage: withError(report.storage),
      instances: report.instances.map((instance) => ({
        ...withError(instance),
        databases: instance.databases.map(withError),
        ...(instance.accounts ? { accounts: withError(instance.accounts) } : {}),
      })),
    },
    text: [
      ...describeStorage(report.storage),
      ...report.instances.flatMap(describeInstance),
      verdict(report, code),
    ],
  };
}

/** A storage tree that cannot be used fails every backup, whatever the servers say. */
function exitCode({ storage, instances }: CheckReport): number {
  if (storage.error) return exitCodeOf(storage.error.kind);
  return exitCodeOfMany(
    instances.flatMap(({ error, databases, accounts }) => [
      ...(error ? [error.kind] : []),
      ...(accounts?.error ? [accounts.error.kind] : []),
      ...databases.map((database) => database.error?.kind ?? ('ok' as const)),
    ]),
  );
}

function failuresOf({ storage, instances }: CheckReport): (VyaError | undefined)[] {
  return [
    storage.error,
    ...instances.flatMap(({ instance, error, databases, accounts }) => [
      withSubject(instance, error),
      withSubject(`accounts of ${instance}`, accounts?.error),
      ...databases.map((each) => withSubject(`${instance}/${each.database}`, each.error)),
    ]),
  ];
}

function withError<T extends { error?: VyaError }>(part: T): object {
  const { error, ...rest } = part;
  return error ? { ...rest, error: errorAsJson(error) } : rest;
}

function describeStorage(storage: CheckReport['storage']): string[] {
  if (storage.error) return describeProblems('storage', storage);
  return [
    `storage ${storage.path}: ${formatBytes(storage.freeBytes)} free of ${formatBytes(storage.totalBytes)}`,
  ];
}

function describeInstance({
  instance,
  server,
  programs,
  databases,
  accounts,
  ...problems
}: InstanceCheck): (string | Table)[] {
  const lines: (string | Table)[] = [''];
  if (server) {
    const how = `${server.encrypted ? 'encrypted' : 'not encrypted'}, ${server.latencyMs.toFixed(1)} ms, as ${server.account}`;
    lines.push(`${instance}: ${server.version}${server.replica ? ' (a replica)' : ''}; ${how}`);
    lines.push(`  with ${programs.join(', ')}`);
    const rows = databases.map(({ database, sizeBytes, tables, error }) => [
      `  ${database}`,
      formatBytes(sizeBytes),
      String(tables),
      error ? 'FAILS' : 'ready',
    ]);
    if (rows.length > 0)
      lines.push({
        header: ['  DATABASE', 'SIZE', 'TABLES', 'BACKUP'],
        rows,
        right: ['SIZE', 'TABLES'],
        drop: ['TABLES', 'SIZE'],
      });
  }
  if (accounts) {
    if (!accounts.error) lines.push(`  and ${formatCount(accounts.accounts, 'account')}`);
    lines.push(...describeProblems(`accounts of ${instance}`, accounts));
  }
  lines.push(...describeProblems(instance, problems));
  return [...lines, ...databases.flatMap((each) => describeProblems(`${instance}/${each.database}`, each))];
}

function verdict({ instances }: CheckReport, code: number): string {
  const databases = instances.flatMap((instance) => instance.databases);
  const ready = databases.filter(({ error }) => !error).length;
  if (code === 0) return `\nA backup would take ${formatCount(ready, 'database')}.`;
  return `\nA backup would take ${formatCount(ready, 'database')} and end with exit code ${code}.`;
}
