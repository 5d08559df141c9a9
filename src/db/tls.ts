import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { isIP } from 'node:net';
import tls from 'node:tls';
import { VyaError } from '../errors.ts';
import type { InstanceTarget, TlsSettings } from '../model/instance.ts';

/** Where Debian, Red Hat, SUSE, Alpine and the BSDs keep the certificates that they trust, as one file. */
const BUNDLES = [
  '/etc/ssl/certs/ca-certificates.crt',
  '/etc/pki/tls/certs/ca-bundle.crt',
  '/etc/ssl/ca-bundle.pem',
  '/etc/ssl/cert.pem',
];

/** The part of Node's TLS options that both drivers hand on to `tls.connect`. */
export interface DriverTls {
  rejectUnauthorized: boolean;
  ca?: string | string[];
  cert?: string;
  key?: string;
}

/**
 * How much of the server's certificate is checked: nothing, that a trusted authority signed it, or also its name.
 * `require` with a `ca` checks the chain, as libpq does: who names an authority wants it to count.
 */
export function certificateCheck(settings: TlsSettings): 'none' | 'chain' | 'name' {
  if (settings.mode === 'verify-full') return 'name';
  if (settings.mode === 'verify-ca') return 'chain';
  return settings.mode === 'require' && settings.ca !== undefined ? 'chain' : 'none';
}

/** The system's bundle of trusted certificates, for client programs that need a file; undefined where none is known. */
export function systemCertificates(): string | undefined {
  return BUNDLES.find((file) => existsSync(file));
}

/**
 * The options of `tls.connect`, with the PEM files read. Without a `ca`, a checked certificate has to be signed by an authority that
 * Node or the system trusts. Throws VyaError `configuration` for a file that cannot be read.
 */
export async function driverTls(target: InstanceTarget): Promise<DriverTls> {
  const { ca, cert, key } = target.tls;
  const checked = certificateCheck(target.tls) !== 'none';
  const trusted = () => [
    ...new Set([...tls.getCACertificates('default'), ...tls.getCACertificates('system')]),
  ];
  return {
    rejectUnauthorized: checked,
    ...(checked && { ca: ca === undefined ? trusted() : await readPem(target, 'ca', ca) }),
    ...(cert !== undefined && { cert: await readPem(target, 'cert', cert) }),
    ...(key !== undefined && { key: await readPem(target, 'key', key) }),
  };
}

/** True for an IPv4 or IPv6 address: those are checked against a certificate's IP entries, and never sent as SNI. */
export function isAddress(host: string): boolean {
  return isIP(host) !== 0;
}

async function readPem(target: InstanceTarget, field: 'ca' | 'cert' | 'key', file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (cause) {
    throw new VyaError('configuration', `${target.id}: ssl.${field} cannot be read: ${file}`, {
      cause,
      hint: `Check that the file exists and that the user who runs vya may read it.`,
    });
  }
}
