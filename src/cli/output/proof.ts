import { summarize } from '../../operations/restore/compare.ts';
import type { Proof } from '../../storage/marks.ts';

type Compared = Pick<Proof, 'compared' | 'exceptions'>;

/** What a passed rehearsal has shown, and no more: `proven`, `proven except prices.amount (FLOAT)`, `proven (objects only)`. */
export function proofInWords(proof: Compared): string {
  return `proven${limitsOf(proof)}`;
}

/** What a restored database was compared by, after "compared with the manifest": ` (objects only)`. */
export function limitsOf({ compared, exceptions }: Compared): string {
  if (compared === 'objects') return ' (objects only)';
  if (compared === 'counts') return ' (objects and row counts)';
  return exceptions.length > 0 ? ` except ${summarize(exceptions)}` : '';
}
