import { VyaError } from '../errors.ts';
import { generateToken, verifyToken, type FernetFault, type FernetKey } from './fernet.ts';

/** Plain data as JSON holds it. */
export type Plain = string | number | boolean | null | Plain[] | { [key: string]: Plain };

const reasons: Record<FernetFault, { message: string; hint: string }> = {
  malformed: {
    message: 'is not a Fernet token',
    hint: 'Store it again with `vya credentials set`; values in clear come in with `vya credentials import`.',
  },
  signature: {
    message: 'was encrypted with another key, or was changed since',
    hint: 'If the host name has changed: vya credentials rekey --old-hostname NAME. Otherwise store it again with `vya credentials set`.',
  },
  padding: {
    message: 'bears the right signature, but does not hold what was encrypted',
    hint: 'Store it again with `vya credentials set`.',
  },
  // Never asked for here: credentials at rest do not expire.
  expired: { message: 'has expired', hint: 'Store it again with `vya credentials set`.' },
  future: { message: 'is dated in the future', hint: 'Store it again with `vya credentials set`.' },
};

/**
 * A Fernet token of a text of any length (UTF-8).
 *
 * @throws VyaError `credentials` for half surrogates, which UTF-8 cannot hold
 */
export function encryptString(text: string, key: FernetKey, now: Date): string {
  if (!text.isWellFormed()) {
    throw new VyaError('credentials', 'The text to encrypt is not valid Unicode', {
      hint: 'Give it again without the broken character.',
    });
  }
  return generateToken(key, Buffer.from(text, 'utf8'), now);
}

/**
 * The text in a token. `name` says in messages what the token is.
 *
 * @throws VyaError `credentials`
 */
export function decryptString(token: string, key: FernetKey, name = 'The value'): string {
  const result = verifyToken(key, token);
  if (!result.ok) {
    const { message, hint } = reasons[result.fault];
    throw new VyaError('credentials', `${name} ${message}`, { hint });
  }
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(result.plaintext);
  } catch (cause) {
    throw new VyaError('credentials', `${name} does not hold UTF-8 text`, {
      hint: reasons.padding.hint,
      cause,
    });
  }
}

/** The same structure with a token in place of every text; keys, numbers, booleans and null stay as they are. */
export function encryptDict<T extends Plain>(value: T, key: FernetKey, now: Date): T {
  return mapTexts(value, '', (text) => encryptString(text, key, now)) as T;
}

/**
 * What `encryptDict` was given.
 *
 * @throws VyaError `credentials` that names the place of the token that does not decrypt
 */
export function decryptDict<T extends Plain>(value: T, key: FernetKey): T {
  return mapTexts(value, '', (token, path) => decryptString(token, key, path || 'The value')) as T;
}

function mapTexts(value: Plain, path: string, change: (text: string, path: string) => string): Plain {
  if (typeof value === 'string') return change(value, path);
  if (Array.isArray(value)) return value.map((item, index) => mapTexts(item, `${path}[${index}]`, change));
  if (typeof value === 'object' && value !== null) {
    const below = (key: string) => (path ? `${path}.${key}` : key);
    return Object.fromEntries(
      Object.entries(value).map(([key, item]) => [key, mapTexts(item, below(key), change)]),
    );
  }
  return value;
}
