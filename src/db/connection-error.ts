import { VyaError } from '../errors.ts';
import { describeEndpoint, type InstanceTarget } from '../model/instance.ts';

interface Explanation {
  what: string;
  hint: string;
  /** For logins that succeed, and may not do what they came for. */
  kind?: 'privileges';
}

interface Attempt {
  target: InstanceTarget;
  database: string | undefined;
  /** The driver's or the system's code, upper case: `ECONNREFUSED`, `28P01`, `ER_ACCESS_DENIED_ERROR`. */
  code: string;
  /** The driver's message. */
  text: string;
}

/**
 * Says in plain words why a server could not be reached or refused the login: a VyaError `connection`, or `privileges` where only
 * the database is closed to the account, with the driver's error as cause.
 */
export function connectionError(target: InstanceTarget, error: unknown, database?: string): VyaError {
  const { code, text } = describe(error);
  const attempt = { target, database, code, text };
  const explanation: Explanation = explainNetwork(attempt) ??
    explainTls(attempt) ??
    explainLogin(attempt) ?? {
      what: text,
      hint: 'Check the connection settings of this instance with vya check.',
    };
  const { kind = 'connection', what, hint } = explanation;
  const message = `${target.id}: cannot connect to ${describeEndpoint(target.endpoint)}: ${what}`;
  return new VyaError(kind, message, { hint, cause: error });
}

function describe(error: unknown): { code: string; text: string } {
  // Node joins the attempts on all addresses of a name into one error that has a code, but no text.
  const first = error instanceof AggregateError ? (error.errors[0] as unknown) : error;
  const { code } = error as { code?: unknown };
  return {
    code: typeof code === 'string' ? code.toUpperCase() : '',
    text: first instanceof Error ? first.message.trim() : String(first),
  };
}

function explainNetwork({ target, code, text }: Attempt): Explanation | undefined {
  const { endpoint } = target;
  const socket = 'socket' in endpoint;
  const seconds = `${target.connectTimeoutMs / 1000} s`;
  switch (code) {
    case 'ECONNREFUSED':
      return {
        what: socket ? 'no server listens on this socket' : 'connection refused',
        hint: `Check that the server runs${socket ? '' : ' and listens on this host and port'}.`,
      };
    case 'ENOENT':
      return {
        what: 'there is no such socket',
        hint: 'Check that the server runs and that the path of the socket is right.',
      };
    case 'EACCES':
      return { what: 'no permission to use the socket', hint: 'Run vya as a user who may open it.' };
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return {
        what: `the host name ${socket ? '' : endpoint.host} cannot be resolved`,
        hint:
          code === 'ENOTFOUND'
            ? 'Check the spelling of host.'
            : 'Check the name service of this machine, then try again.',
      };
    case 'EHOSTUNREACH':
    case 'ENETUNREACH':
      return { what: 'there is no route to this host', hint: 'Check network and firewall.' };
    case 'ECONNRESET':
    case 'EPIPE':
    case 'PROTOCOL_CONNECTION_LOST':
      return lost;
  }
  if (code === 'ETIMEDOUT' || /^timeout expired$|Timeout acquiring a connection/.test(text)) {
    return {
      what: `no answer within ${seconds}`,
      hint: 'Check host, port and firewall, and that the server is not overloaded.',
    };
  }
  return text.startsWith('Connection terminated') ? lost : undefined;
}

const lost: Explanation = {
  what: 'the server closed the connection during the login',
  hint: "Check that this is the right kind of server for the instance's type, and look into the server's log.",
};

function explainTls({ target, code, text }: Attempt): Explanation | undefined {
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
  if (/error establishing an SSL connection|^Received unexpected \w+ message/.test(text)) {
    return {
      what: 'what answers there does not speak the protocol of PostgreSQL',
      hint: 'Check host, port and type of this instance.',
    };
  }
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

function explainLogin({ target, database, code, text }: Attempt): Explanation | undefined {
  const { user } = target;
  const plugin = /unknown plugin ([\w-]+)/.exec(text)?.[1];
  if (plugin !== undefined) {
    return {
      what: `the account ${user} logs in by ${plugin}, which the driver (mysql2) cannot do`,
      hint: 'Give vya an account that logs in by mysql_native_password, caching_sha2_password or a password-less Unix socket.',
    };
  }
  if (/account is locked/i.test(text)) {
    return {
      what: `access denied for user ${user}: the account is locked`,
      hint: 'Let an administrator unlock the account.',
    };
  }
  switch (code) {
    case '28P01':
    case '28000':
    case 'ER_ACCESS_DENIED_ERROR':
    case 'ER_ACCESS_DENIED_NO_PASSWORD_ERROR':
    case 'ER_HOST_NOT_PRIVILEGED':
    case 'ER_MUST_CHANGE_PASSWORD_LOGIN':
    case 'ER_MUST_CHANGE_PASSWORD':
      return { what: `access denied for user ${user}: ${text}`, hint: loginHint(target, text) };
    case '3D000':
    case 'ER_BAD_DB_ERROR':
      return {
        what: `there is no database ${database ?? user}`,
        hint: 'vya check shows the databases that the server has.',
      };
    case '42501':
      return {
        kind: 'privileges',
        what: `user ${user} may not connect to the database ${database ?? ''}`,
        hint: `Let an administrator run: GRANT CONNECT ON DATABASE ${quoted(database ?? '')} TO ${quoted(user)};`,
      };
    case 'ER_DBACCESS_DENIED_ERROR':
      return {
        kind: 'privileges',
        what: `user ${user} may not use the database ${database ?? ''}: ${text}`,
        hint: 'Let an administrator grant the account what it needs there; vya check names it.',
      };
    case '55000':
      return { what: text, hint: 'ALTER DATABASE … ALLOW_CONNECTIONS true opens it again.' };
    case '53300':
    case 'ER_CON_COUNT_ERROR':
    case 'ER_TOO_MANY_USER_CONNECTIONS':
      return {
        what: `the server has no connection left: ${text}`,
        hint: 'Try again later, or raise the limit of connections on the server.',
      };
    case '57P03':
      return { what: text, hint: 'Try again when the server has started.' };
    case 'ER_SECURE_TRANSPORT_REQUIRED':
      return {
        what: 'the server takes encrypted connections only',
        hint: 'Set ssl.mode to require or stricter.',
      };
  }
  if (/password must be a (non-empty )?string|Cannot read properties of (null|undefined)/.test(text)) {
    return {
      what: `the server asks for a password for user ${user}, and there is none`,
      hint: credentialHint(target),
    };
  }
  return undefined;
}

function quoted(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

function loginHint(target: InstanceTarget, text: string): string {
  if (/no pg_hba\.conf entry/.test(text))
    return 'Add a line for this user, database and client address to pg_hba.conf, and reload the server.';
  if (/Peer authentication|Ident authentication/i.test(text)) {
    return `Run vya as the operating system user ${target.user}, or use a credential with a password.`;
  }
  return credentialHint(target);
}

function credentialHint(target: InstanceTarget): string {
  return `Check user and password; vya credentials set ${target.id} --username ${shellWord(target.user)} stores a new one.`;
}

/** A word of a command line that can be copied into a shell. */
function shellWord(text: string): string {
  return /^[\w.@%+][\w.@%+-]*$/.test(text) ? text : `'${text.replaceAll("'", String.raw`'\''`)}'`;
}
