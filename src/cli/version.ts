import manifest from '../../package.json' with { type: 'json' };

/** The version in package.json, which lies beside src; what is built holds it. */
export function packageVersion(): string {
  return manifest.version;
}
