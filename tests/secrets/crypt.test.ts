import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  decryptDict,
  decryptString,
  encryptDict,
  encryptString,
  type Plain,
} from '../../src/secrets/crypt.ts';
import { hostKey, hostKeyText } from '../../src/secrets/host-key.ts';

const now = new Date('2026-01-09T02:00:00Z');
const { key } = hostKey('db01');

describe("a host's key", () => {
  it('is the same for the same name, and another for another', () => {
    expect(hostKeyText('db01')).toBe(hostKeyText('db01'));
    expect(hostKeyText('db02')).not.toBe(hostKeyText('db01'));
    expect(hostKeyText('DB01')).not.toBe(hostKeyText('db01'));
  });

  it('has 44 characters of base64url with padding (F43)', () => {
    fc.assert(
      fc.property(fc.string(), (name) => {
        expect(hostKeyText(name)).toMatch(/^[A-Za-z0-9_-]{43}=$/);
      }),
    );
  });

  it('is not made of an empty name', () => {
    expect(() => hostKey('')).toThrow(expect.objectContaining({ kind: 'credentials' }));
  });
});

describe('a text', () => {
  it.each([
    ['empty', ''],
    ['short', 'secret'],
    ['over a kilobyte long', 'long '.repeat(1000)],
    ['in other scripts', 'пароль-密码-كلمة-😀-é'],
    ['with control characters', '\0\t\r\n\u001B'],
    ['with a byte order mark', '\uFEFFx'],
  ])('comes back: %s', (_name, text) => {
    expect(decryptString(encryptString(text, key, now), key)).toBe(text);
  });

  it('comes back, whatever it is', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 3000 }), (text) => {
        expect(decryptString(encryptString(text, key, now), key)).toBe(text);
      }),
    );
  });

  it('gives another token each time, and none holds the text', () => {
    const [first, second] = [encryptString('secret', key, now), encryptString('secret', key, now)];
    expect(first).not.toBe(second);
    expect(Buffer.from(first, 'base64url').includes('secret')).toBe(false);
  });

  it('with half a surrogate is refused rather than changed', () => {
    expect(() => encryptString('a\uD800b', key, now)).toThrow('not valid Unicode');
  });

  it('of another key, changed, or no token at all is refused, each in its own words', () => {
    const token = encryptString('secret', key, now);
    const tampered = `${token.slice(0, 60)}${token[60] === 'A' ? 'B' : 'A'}${token.slice(61)}`;
    const refusal = (text: string, own = key) => {
      try {
        decryptString(text, own);
      } catch (error) {
        return error;
      }
      return undefined;
    };
    const changed = {
      kind: 'credentials',
      message: expect.stringContaining('another key, or was changed') as string,
    };
    expect(refusal(tampered)).toMatchObject(changed);
    expect(refusal(token, hostKey('db02').key)).toMatchObject({
      ...changed,
      hint: expect.stringContaining('vya credentials rekey --old-hostname') as string,
    });
    expect(refusal('hunter2')).toMatchObject({ message: 'The value is not a Fernet token' });
    expect(String(refusal('hunter2'))).not.toContain('hunter2');
  });
});

describe('a dictionary', () => {
  const login = {
    username: 'backup',
    password: 'p#w',
    port: 3306,
    ratio: 0.5,
    tls: true,
    note: null,
    hosts: ['a', { name: 'b', tags: [[], {}, ''] }],
  };

  it('keeps its structure: texts become tokens, everything else stays', () => {
    const encrypted = encryptDict(login, key, now);
    const token = expect.stringMatching(/^gAAAA/) as string;
    expect(encrypted).toEqual({
      username: token,
      password: token,
      port: 3306,
      ratio: 0.5,
      tls: true,
      note: null,
      hosts: [token, { name: token, tags: [[], {}, token] }],
    });
    expect(decryptDict(encrypted, key)).toEqual(login);
  });

  it('comes back, whatever is in it', () => {
    const plain = fc.jsonValue({ noUnicodeString: false }) as fc.Arbitrary<Plain>;
    fc.assert(
      fc.property(plain, (value) => {
        expect(decryptDict(encryptDict(value, key, now), key)).toEqual(value);
      }),
    );
  });

  it('names the place of a token that does not decrypt', () => {
    const encrypted = encryptDict(login, key, now);
    encrypted.hosts = ['not a token'];
    expect(() => decryptDict(encrypted, key)).toThrow('hosts[0] is not a Fernet token');
  });
});
