import * as z from 'zod';

/** A path as it stands in the file: relative ones are resolved later, where the place they are relative to is known. */
export function pathSchema() {
  return z
    .string()
    .min(1)
    .refine((path) => !path.startsWith('~'), { error: 'must be written out: ~ is not expanded here' })
    .refine((path) => !path.includes('\0'), { error: 'must not hold a zero byte' });
}
