import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { decryptString, encryptString } from '../../src/secrets/crypt.ts';
import { hostKey, hostKeyText } from '../../src/secrets/host-key.ts';

interface Recorded {
  hostname: string;
  key: string;
  tokens: { plaintext: string; token: string }[];
}

const path = new URL('../fixtures/fernet/python-hostname.json', import.meta.url);
const recorded = JSON.parse(readFileSync(path, 'utf8')) as Recorded;
const { key } = hostKey(recorded.hostname);
const texts = ['', 'p#w"x\\y\'', 'пароль-😀', 'x'.repeat(2000), '\uFEFFwith a mark', 'zero \0 byte'];

function python(script: string, input: unknown): { status: number | null; stdout: string; stderr: string } {
  return spawnSync('python3', ['-c', script], { input: JSON.stringify(input), encoding: 'utf8' });
}

const installed = python('import cryptography.fernet', {}).status === 0;

describe(`tokens that Python recorded for host ${recorded.hostname}`, () => {
  it('have the key that follows from the host name', () => {
    expect(hostKeyText(recorded.hostname)).toBe(recorded.key);
  });

  it.each(recorded.tokens)('decrypt here: $plaintext', ({ plaintext, token }) => {
    expect(decryptString(token, key)).toBe(plaintext);
  });
});

/** Each answers what was found and what it has to be. */
const liveCases = [
  { name: 'decrypts what vya encrypts', compare: pythonDecrypts },
  { name: 'makes the same key of a host name, and tokens that vya decrypts', compare: pythonEncrypts },
];
const recordedCase = { name: 'is not installed: only its recorded tokens were tried', compare: onlyRecorded };

describe("Python's cryptography package", () => {
  it.each(installed ? liveCases : [recordedCase])('$name', ({ compare }) => {
    const [found, wanted] = compare();
    expect(found).toEqual(wanted);
  });
});

function pythonDecrypts(): [unknown, unknown] {
  const script = `
import json, sys
from cryptography.fernet import Fernet
given = json.load(sys.stdin)
print(json.dumps([Fernet(given["key"]).decrypt(token.encode()).decode() for token in given["tokens"]]))`;
  const tokens = texts.map((text) => encryptString(text, key, new Date()));
  const { stdout, stderr } = python(script, { key: recorded.key, tokens });
  return [
    { stderr, texts: JSON.parse(stdout) as unknown },
    { stderr: '', texts },
  ];
}

function pythonEncrypts(): [unknown, unknown] {
  const script = `
import base64, hashlib, json, sys
from cryptography.fernet import Fernet
given = json.load(sys.stdin)
key = base64.urlsafe_b64encode(hashlib.sha256(given["hostname"].encode()).digest())
tokens = [Fernet(key).encrypt(text.encode()).decode() for text in given["texts"]]
print(json.dumps({"key": key.decode(), "tokens": tokens}))`;
  const hostname = 'datenbank-süd.example';
  const { stdout } = python(script, { hostname, texts });
  const made = JSON.parse(stdout) as { key: string; tokens: string[] };
  const decrypted = made.tokens.map((token) => decryptString(token, hostKey(hostname).key));
  return [
    { key: made.key, texts: decrypted },
    { key: hostKeyText(hostname), texts },
  ];
}

function onlyRecorded(): [unknown, unknown] {
  console.warn("Python's cryptography package is not installed: only its recorded tokens were tried.");
  const found = recorded.tokens.map(({ token }) => decryptString(token, key));
  return [found, recorded.tokens.map(({ plaintext }) => plaintext)];
}
