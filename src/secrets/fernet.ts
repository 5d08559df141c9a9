import { createCipheriv, createDecipheriv, createHmac, randomBytes, timingSafeEqual } from 'node:crypto';

/** A Fernet key's halves, 16 bytes each. */
export interface FernetKey {
  signing: Buffer;
  encryption: Buffer;
}

/**
 * Why a token was not accepted: `malformed` is no token at all; `signature` was made with another key or changed since;
 * `expired` and `future` only where a time-to-live was asked for; `padding` is signed, yet not what a Fernet program writes.
 */
export type FernetFault = 'malformed' | 'signature' | 'expired' | 'future' | 'padding';

export type FernetResult = { ok: true; plaintext: Buffer } | { ok: false; fault: FernetFault };

const version = 0x80;
/** Version, time stamp and initialisation vector come before the ciphertext, and the HMAC after it. */
const headerLength = 1 + 8 + 16;
const macLength = 32;
/** Seconds that a token's time may lie ahead of the clock, where a time-to-live is checked. */
const maxClockSkew = 60;

/** The key in a text of 44 characters (base64url with padding), or undefined when it is none. */
export function parseFernetKey(text: string): FernetKey | undefined {
  const bytes = decodeBase64url(text);
  if (bytes?.length !== 32) return undefined;
  return { signing: bytes.subarray(0, 16), encryption: bytes.subarray(16) };
}

/** base64url with padding, as the Fernet specification wants it: Node's own `base64url` leaves the padding out. */
export function encodeBase64url(bytes: Buffer): string {
  return bytes.toString('base64').replaceAll('+', '-').replaceAll('/', '_');
}

/** Strict: only the alphabet, with padding, and with no other text that would decode to the same bytes. */
function decodeBase64url(text: string): Buffer | undefined {
  const bytes = Buffer.from(text, 'base64url');
  return encodeBase64url(bytes) === text ? bytes : undefined;
}

/** Encrypts as the Fernet specification's “Generating” says. The vector is random unless a test gives one of 16 bytes. */
export function generateToken(
  key: FernetKey,
  plaintext: Buffer,
  now: Date,
  iv: Buffer = randomBytes(16),
): string {
  const time = Buffer.alloc(8);
  time.writeBigUInt64BE(BigInt(Math.floor(now.getTime() / 1000)));
  const cipher = createCipheriv('aes-128-cbc', key.encryption, iv);
  const signed = Buffer.concat([Buffer.of(version), time, iv, cipher.update(plaintext), cipher.final()]);
  return encodeBase64url(Buffer.concat([signed, macOf(key, signed)]));
}

/**
 * Decrypts as the specification's “Verifying” says, with the signature checked before anything that it protects. Without
 * `ttl` the time stamp is not looked at: a credential at rest does not expire.
 */
export function verifyToken(
  key: FernetKey,
  token: string,
  ttl?: { seconds: number; now: Date },
): FernetResult {
  const bytes = decodeBase64url(token);
  if (!bytes || bytes[0] !== version) return { ok: false, fault: 'malformed' };
  const cipherLength = bytes.length - headerLength - macLength;
  if (cipherLength < 16 || cipherLength % 16 !== 0) return { ok: false, fault: 'malformed' };
  const signed = bytes.subarray(0, -macLength);
  // Equal lengths are certain here: timingSafeEqual throws on others.
  if (!timingSafeEqual(macOf(key, signed), bytes.subarray(-macLength)))
    return { ok: false, fault: 'signature' };
  if (ttl) {
    const made = Number(bytes.readBigUInt64BE(1));
    const now = Math.floor(ttl.now.getTime() / 1000);
    if (made + ttl.seconds < now) return { ok: false, fault: 'expired' };
    if (made > now + maxClockSkew) return { ok: false, fault: 'future' };
  }
  const decipher = createDecipheriv('aes-128-cbc', key.encryption, bytes.subarray(9, headerLength));
  try {
    const ciphertext = signed.subarray(headerLength);
    return { ok: true, plaintext: Buffer.concat([decipher.update(ciphertext), decipher.final()]) };
  } catch {
    return { ok: false, fault: 'padding' };
  }
}

function macOf(key: FernetKey, signed: Buffer): Buffer {
  return createHmac('sha256', key.signing).update(signed).digest();
}
