import type { Attempt, Explanation } from './attempt.ts';
import { explainStranger } from './explain-other.ts';

/** What is wrong with the encryption that was asked for, or with the server's certificate. */
export function explainTls(attempt: Attempt): Explanation | undefined {
  const { target, code, text } = attempt;
  const both = `${code} ${text}`;
  if (/HANDSHAKE_NO_SSL_SUPPORT|does not support SSL connections/.test(both)) {
    return 'socket' in target.endpoint
      ? {
          what: `ssl.mode ${target.tls.mode} was asked for, and the server has no TLS on its Unix socket`,
          hint: 'Set ssl.mode to prefer for this socket, or give host and port.',
        }
      : {
          what: `ssl.mode ${target.tls.mode} was asked for, and the server offers no TLS`,
          hint: 'Turn TLS on in the server, or accept an unencrypted connection with ssl.mode: prefer.',
        };
  }
  const stranger = explainStranger(attempt);
  if (stranger) return stranger;
  if (/CERT_HAS_EXPIRED|certificate has expired/.test(both)) {
    return {
      what: 'the TLS certificate of the server has expired',
      hint: 'Renew the certificate on the server.',
    };
  }
  if (/CERT_NOT_YET_VALID|certificate is not yet valid/.test(both)) {
    return {
      what: 'the TLS certificate of the server is not valid yet',
      hint: 'Check the clocks of both machines.',
    };
  }
  if (/ALTNAME|does not match certificate/.test(both)) {
    return {
      what: `the TLS certificate of the server is for another name: ${text.replace(/^Hostname\/IP does not match certificate's altnames: |:?\s*$/g, '')}`,
      hint:
        target.tls.mode === 'verify-full'
          ? 'Set host to the name in the certificate, or check the signature alone with ssl.mode: verify-ca.'
          : "Set host to the name in the certificate: MariaDB's client programs check the name whenever they check the signature.",
    };
  }
  if (/self[- ]signed|unable to (get|verify)|SELF_SIGNED|UNABLE_TO_/.test(both)) {
    return {
      what: `the TLS certificate of the server is not trusted (${text})`,
      hint: 'Set ssl.ca to the certificate of the authority that signed it.',
    };
  }
  if (
    /^(HANDSHAKE_SSL_ERROR|EPROTO|ERR_SSL|ERR_OSSL|ERR_TLS)/.test(code) ||
    /SSL connection|:SSL routines:/.test(text)
  ) {
    return {
      what: `TLS failed: ${text}`,
      hint: 'Check ssl.ca, ssl.cert and ssl.key, and the TLS versions that the server takes.',
    };
  }
  return undefined;
}
