import { createHash } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import type { VyaError } from '../../src/errors.ts';
import { findCredential, listCredentials, setCredentials } from '../../src/secrets/credentials.ts';
import { readCredentialsFile } from '../../src/secrets/credentials-file.ts';
import {
  encodeBase64url,
  generateToken,
  parseFernetKey,
  verifyToken,
  type FernetKey,
} from '../../src/secrets/fernet.ts';
import { hostKey, type SecretKey } from '../../src/secrets/host-key.ts';
import { readPlainCredentials } from '../../src/secrets/import.ts';
import { temporaryDirectory } from '../config/temporary.ts';

const key = parseFernetKey(encodeBase64url(createHash('sha256').update('fuzz').digest())) as FernetKey;
const now = new Date('2026-01-09T02:00:00Z');

describe('a Fernet token', () => {
  it('gives any bytes back', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        const plaintext = Buffer.from(bytes);
        expect(verifyToken(key, generateToken(key, plaintext, now))).toEqual({ ok: true, plaintext });
      }),
    );
  });

  it('that was changed anywhere is refused, and so is any other text (F43)', () => {
    const token = generateToken(key, Buffer.from('secret'), now);
    const changed = fc
      .tuple(fc.nat(token.length - 1), fc.string({ unit: 'binary', maxLength: 2 }), fc.nat(2))
      .map(([at, text, less]) => token.slice(0, at) + text + token.slice(at + less));
    fc.assert(
      fc.property(fc.oneof(changed, fc.string(), fc.base64String()), (text) => {
        fc.pre(text !== token);
        expect(verifyToken(key, text).ok).toBe(false);
      }),
      { numRuns: 5_000 },
    );
  });
});

/** Everything that reads a credentials file. */
const readers: ((at: { path: string; key: SecretKey }) => Promise<unknown>)[] = [
  ({ path }) => readCredentialsFile(path),
  (at) => listCredentials(at),
  (at) => findCredential(at, 'prod'),
  ({ path }) => readPlainCredentials(path),
];

describe('a credentials file', () => {
  const store = (): { path: string; key: SecretKey } => {
    const path = join(temporaryDirectory(), 'secrets/credentials.json');
    mkdirSync(dirname(path), { mode: 0o700 });
    return { path, key: hostKey('fuzz') };
  };

  it('gives any user name and password back', async () => {
    const at = store();
    const text = fc.oneof(fc.string({ unit: 'binary' }), fc.string({ unit: 'grapheme' }));
    await fc.assert(
      fc.asyncProperty(text, text, async (username, password) => {
        fc.pre(username !== '' && password !== '' && !/[\0\r\n]/.test(username + password));
        await setCredentials(at, new Map([['prod', { username, password }]]), now);
        expect(await findCredential(at, 'prod')).toEqual({ username, password });
      }),
      { numRuns: 50 },
    );
  });

  it('of any text is read, or refused in words that do not repeat it', async () => {
    const at = store();
    const warnings = vi.spyOn(process, 'emitWarning');
    onTestFinished(() => warnings.mockRestore());
    const valid = JSON.stringify({ prod: { username: 'gAAAA', password: 'gAAAA-canary-canary' } });
    const cut = fc
      .tuple(fc.nat(valid.length), fc.string({ maxLength: 3 }))
      .map(([where, text]) => valid.slice(0, where) + text);
    const odd = fc.dictionary(
      fc.constantFrom('prod', '__proto__', 'constructor', '_version', '', 'A'),
      fc.oneof(fc.jsonValue(), fc.constant({ username: 'x', password: 'canary-canary' })),
    );
    await fc.assert(
      fc.asyncProperty(
        fc.oneof(
          cut,
          fc.string(),
          fc.json(),
          odd.map((each) => JSON.stringify(each)),
        ),
        async (content) => {
          writeFileSync(at.path, content, { mode: 0o600 });
          for (const read of readers) {
            const error = await read(at).then(
              () => undefined,
              (reason: unknown) => reason,
            );
            if (error === undefined) continue;
            expect(error).toMatchObject({ kind: 'credentials', hint: expect.any(String) });
            expect((error as VyaError).message).not.toContain('canary-canary');
          }
        },
      ),
      { numRuns: 1_000 },
    );
    // A parser's own warnings would quote it on the terminal.
    expect(warnings).not.toHaveBeenCalled();
  });
});
