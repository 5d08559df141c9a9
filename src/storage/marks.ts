import { join } from 'node:path';
import * as z from 'zod';
import { systemCode } from '../errors.ts';
import { storageError } from './failure.ts';
import { pinName, proofName } from './layout.ts';
import { readSmallFile } from './small-file.ts';

/** Bytes. */
const largestMark = 1024 * 1024;

/** `pin.json`: retention leaves the backup alone. */
export const pinSchema = z.object({
  format: z.literal('vya-pin'),
  version: z.literal(1),
  pinnedAt: z.iso.datetime(),
  reason: z.string().optional(),
});

/** `proof.json`: the outcome of the last rehearsal. */
export const proofSchema = z.object({
  format: z.literal('vya-proof'),
  version: z.literal(1),
  provenAt: z.iso.datetime(),
  passed: z.boolean(),
  /** Whether exact counts and digests of all rows were compared. */
  exact: z.boolean(),
  /** What was compared beside the objects: their names alone, row counts, or all that tables hold. */
  compared: z.enum(['objects', 'counts', 'contents']).default('objects'),
  /** What no dump carries faithfully, e.g. `shop.prices.amount (FLOAT)`: proven except for these. */
  exceptions: z.array(z.string()),
  /** The instance on which it was restored. */
  target: z.string(),
  vya: z.string(),
});

export type Pin = z.infer<typeof pinSchema>;
export type Proof = z.infer<typeof proofSchema>;

export interface Marks {
  pinned: boolean;
  proven: boolean;
  proof?: Proof;
  warnings: string[];
}

/**
 * Reads the pin and the proof beside a manifest. A pin that cannot be understood still pins; such a proof proves nothing.
 *
 * @param names what the backup's directory holds
 * @throws VyaError `storage`
 */
export function readMarks(directory: string, names: readonly string[]): Marks {
  const [pin, proof] = [join(directory, pinName), join(directory, proofName)];
  const pinned = names.includes(pinName);
  const warnings: string[] = [];
  if (pinned && !readMark(pin, pinSchema)) {
    warnings.push(`${pin} cannot be understood: the backup counts as pinned`);
  }
  if (!names.includes(proofName)) return { pinned, proven: false, warnings };
  const found = readMark(proof, proofSchema);
  if (found) return { pinned, proven: found.passed, proof: found, warnings };
  return {
    pinned,
    proven: false,
    warnings: [...warnings, `${proof} cannot be understood: the backup counts as not proven`],
  };
}

function readMark<T extends z.ZodType>(path: string, schema: T): z.infer<T> | undefined {
  let content: unknown;
  try {
    content = JSON.parse(readSmallFile(path, largestMark));
  } catch (error) {
    if (error instanceof SyntaxError || ['ENOENT', 'ELOOP'].includes(systemCode(error) ?? ''))
      return undefined;
    throw storageError(error, `read ${path}`);
  }
  return schema.safeParse(content).data;
}
