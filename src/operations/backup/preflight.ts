import type { DatabaseAdapter } from '../../db/adapter.ts';
import type { Finding } from '../../db/finding.ts';
import { VyaError } from '../../errors.ts';
import type { Inventory } from '../../model/inventory.ts';
import { summarize } from '../restore/compare.ts';

/**
 * Takes a database's inventory and what would go wrong in its dump. Warnings are added to `warnings`.
 *
 * @throws VyaError of the first error's kind (`privileges`, `failed`), with every error in its message
 */
export async function preflight(
  adapter: DatabaseAdapter,
  database: string,
  warnings: string[],
): Promise<Inventory> {
  const inventory = await adapter.inventory(database);
  const findings = await adapter.dumpFindings(database, inventory);
  throwErrors(findings, warnings);
  return inventory;
}

/** Sorts findings: warnings are collected, errors are thrown together. */
export function throwErrors(findings: readonly Finding[], warnings: string[]): void {
  warnings.push(...findings.filter(({ severity }) => severity === 'warning').map(({ message }) => message));
  const errors = findings.filter(({ severity }) => severity === 'error');
  const [first] = errors;
  if (!first) return;
  const hints = [...new Set(errors.map(({ hint }) => hint))];
  throw new VyaError(first.kind, summarize(errors.map(({ message }) => message)), { hint: hints.join('\n') });
}
