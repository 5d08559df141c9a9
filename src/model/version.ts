import * as z from 'zod';

/** A program's or server's version; PostgreSQL has no patch number (18.4 is major 18, minor 4). */
export const versionSchema = z.object({
  text: z.string(),
  major: z.int().nonnegative(),
  minor: z.int().nonnegative(),
  patch: z.int().nonnegative(),
});

export type Version = z.infer<typeof versionSchema>;

/** The first `N.N[.N]` or bare `N` in a text, or undefined where there is none. */
export function parseVersion(text: string): Version | undefined {
  const match = /(\d+)(?:\.(\d+))?(?:\.(\d+))?/.exec(text);
  if (!match) return undefined;
  const [whole, major, minor, patch] = match;
  return { text: whole, major: Number(major), minor: Number(minor ?? 0), patch: Number(patch ?? 0) };
}

/** Negative, zero or positive, as sort functions want it. */
export function compareVersions(a: Version, b: Version): number {
  return a.major - b.major || a.minor - b.minor || a.patch - b.patch;
}
