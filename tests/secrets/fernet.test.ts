import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  encodeBase64url,
  generateToken,
  parseFernetKey,
  verifyToken,
  type FernetKey,
} from '../../src/secrets/fernet.ts';

interface Vector {
  desc?: string;
  token: string;
  now: string;
  ttl_sec: number;
  iv?: number[];
  src: string;
  secret: string;
}

function vectors(name: string): Vector[] {
  return JSON.parse(
    readFileSync(new URL(`../fixtures/fernet/${name}.json`, import.meta.url), 'utf8'),
  ) as Vector[];
}

function keyOf(text: string): FernetKey {
  const key = parseFernetKey(text);
  if (!key) throw new Error(`no key: ${text}`);
  return key;
}

const now = new Date('2026-01-09T02:00:00Z');
const key = keyOf('cw_0x689RpI-jtRR7oE8h_eQsKImvJapLeSbXpwF4e4=');

describe("the Fernet specification's vectors (F43)", () => {
  it.each(vectors('generate'))('generate: $src', ({ token, now: time, iv, src, secret }) => {
    expect(generateToken(keyOf(secret), Buffer.from(src), new Date(time), Buffer.from(iv ?? []))).toBe(token);
  });

  it.each(vectors('verify'))('verify: $src', ({ token, now: time, ttl_sec, src, secret }) => {
    const result = verifyToken(keyOf(secret), token, { seconds: ttl_sec, now: new Date(time) });
    expect(result).toEqual({ ok: true, plaintext: Buffer.from(src) });
  });

  const faults: Record<string, string> = {
    'incorrect mac': 'signature',
    'too short': 'malformed',
    'invalid base64': 'malformed',
    'payload size not multiple of block size': 'malformed',
    'payload padding error': 'padding',
    'far-future TS (unacceptable clock skew)': 'future',
    'expired TTL': 'expired',
    'incorrect IV (causes padding error)': 'padding',
  };

  it.each(vectors('invalid'))('invalid: $desc', ({ desc, token, now: time, ttl_sec, secret }) => {
    const result = verifyToken(keyOf(secret), token, { seconds: ttl_sec, now: new Date(time) });
    expect(result).toEqual({ ok: false, fault: faults[desc ?? ''] });
  });

  it('covers every vector of the three files', () => {
    expect(['generate', 'verify', 'invalid'].map((name) => vectors(name).length)).toEqual([1, 1, 8]);
  });
});

describe('a token', () => {
  it('gives back any bytes, for any key', () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ minLength: 32, maxLength: 32 }),
        fc.uint8Array({ maxLength: 5000 }),
        (secret, bytes) => {
          const own = keyOf(encodeBase64url(Buffer.from(secret)));
          const result = verifyToken(own, generateToken(own, Buffer.from(bytes), now));
          expect(result).toEqual({ ok: true, plaintext: Buffer.from(bytes) });
        },
      ),
    );
  });

  it('is another one each time for the same text', () => {
    const tokens = Array.from({ length: 50 }, () => generateToken(key, Buffer.from('same'), now));
    expect(new Set(tokens).size).toBe(50);
  });

  it('is rejected when any one of its bytes is changed', () => {
    const token = generateToken(key, Buffer.from('p#w"x\\y'), now);
    const bytes = Buffer.from(token, 'base64url');
    for (let at = 0; at < bytes.length; at += 1) {
      for (const bit of [1, 16, 128]) {
        const changed = Buffer.from(bytes);
        changed[at] = (changed[at] ?? 0) ^ bit;
        expect(verifyToken(key, encodeBase64url(changed)).ok).toBe(false);
      }
    }
  });

  it('is rejected when any one of its characters is replaced, taken out or added', () => {
    const token = generateToken(key, Buffer.from('secret'), now);
    fc.assert(
      fc.property(
        fc.nat(token.length - 1),
        fc.string({ minLength: 0, maxLength: 2, unit: 'binary' }),
        (at, other) => {
          fc.pre(token[at] !== other);
          expect(verifyToken(key, token.slice(0, at) + other + token.slice(at + 1)).ok).toBe(false);
        },
      ),
      { numRuns: 1000 },
    );
  });

  it('is rejected with junk around it, without its padding, or in the other base64 alphabet (F43)', () => {
    // 0xfb bytes in the vector make sure that both special characters occur.
    const token = generateToken(key, Buffer.from('x'), now, Buffer.alloc(16, 0xfb));
    expect(verifyToken(key, token).ok).toBe(true);
    expect(token).toMatch(/[-_].*=$/);
    const standard = token.replaceAll('-', '+').replaceAll('_', '/');
    for (const bad of [
      `${token}\n`,
      ` ${token}`,
      token.replace(/=+$/, ''),
      `${token}=`,
      `${token}AAAA`,
      standard,
      '',
    ]) {
      expect(verifyToken(key, bad)).toMatchObject({ ok: false });
    }
  });

  it('does not verify with another key', () => {
    const other = keyOf(encodeBase64url(randomBytes(32)));
    expect(verifyToken(other, generateToken(key, Buffer.from('x'), now))).toEqual({
      ok: false,
      fault: 'signature',
    });
  });

  it('never throws, whatever it is given', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string({ unit: 'binary' }), fc.base64String({ maxLength: 400 })), (text) => {
        expect(verifyToken(key, text).ok).toBe(false);
      }),
    );
  });

  it('does not expire at rest, and may come from a clock that was ahead', () => {
    const old = generateToken(key, Buffer.from('x'), new Date('1990-01-01T00:00:00Z'));
    const ahead = generateToken(key, Buffer.from('x'), new Date('2200-01-01T00:00:00Z'));
    for (const token of [old, ahead]) expect(verifyToken(key, token).ok).toBe(true);
  });
});

describe('a key', () => {
  it.each([
    '',
    'short',
    'cw_0x689RpI-jtRR7oE8h_eQsKImvJapLeSbXpwF4e4',
    'cw_0x689RpI+jtRR7oE8h/eQsKImvJapLeSbXpwF4e4=',
  ])('is not %j', (text) => expect(parseFernetKey(text)).toBeUndefined());
});
