import { DownloadError, type DownloadFailure } from '../../../errors/index.ts';
import { printable } from './address.ts';

const CODES: Readonly<Record<string, DownloadFailure>> = {
  ECONNREFUSED: 'refused',
  ENOTFOUND: 'name',
  EAI_AGAIN: 'name',
  EAI_FAIL: 'name',
  EHOSTUNREACH: 'unreachable',
  ENETUNREACH: 'unreachable',
  ETIMEDOUT: 'unreachable',
  ECONNRESET: 'lost',
  ECONNABORTED: 'lost',
  EPIPE: 'lost',
  // Before the end that a content in pieces has.
  HPE_INVALID_EOF_STATE: 'lost',
  ERR_STREAM_PREMATURE_CLOSE: 'lost',
  EPROTO: 'tls',
  DEPTH_ZERO_SELF_SIGNED_CERT: 'tls',
  SELF_SIGNED_CERT_IN_CHAIN: 'tls',
  UNABLE_TO_GET_ISSUER_CERT: 'tls',
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: 'tls',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: 'tls',
};

/**
 * An error of sockets, TLS or HTTP in words for a user.
 * @param proxy by which a connection was to be made.
 */
export function explainFailure(error: unknown, url: URL, proxy?: URL): unknown {
  const code = codeOf(error);
  const reason = code === undefined ? undefined : reasonOf(code);
  if (reason === undefined) return error;
  return new DownloadError(printable(url), reason, describe(reason, url, proxy, error), {
    cause: error,
    hint:
      proxy && CONNECTING.includes(reason)
        ? `the environment names that proxy: ${PROXY_HINT}`
        : HINTS[reason],
  });
}

/** Which of the two it is that a connection is made to. */
export function connectedTo(url: URL, proxy: URL | undefined): string {
  return proxy ? `the proxy ${proxy.host}` : url.host;
}

/** What comes before anything is said to the server. */
const CONNECTING: readonly DownloadFailure[] = ['refused', 'name', 'unreachable'];

const PROXY_HINT = 'look at HTTP_PROXY, HTTPS_PROXY and NO_PROXY';
const HINTS: Partial<Record<DownloadFailure, string>> = {
  refused: `is the address right, and does this host need a proxy? ${PROXY_HINT}`,
  name: `is the address right, and is this host connected? ${PROXY_HINT}`,
  unreachable: `is this host connected, and does it need a proxy? ${PROXY_HINT}`,
  stalled: 'try again later; what has come may be kept and taken up then',
  tls: 'where an authority of your own signs, name its certificate in NODE_EXTRA_CA_CERTS',
};

function describe(reason: DownloadFailure, url: URL, proxy: URL | undefined, error: unknown): string {
  const shown = printable(url);
  const whose = proxy ? `of the proxy, ${proxy.hostname},` : url.hostname;
  if (reason === 'refused') return `${shown}: nothing answers at ${connectedTo(url, proxy)}`;
  if (reason === 'name') return `${shown}: the name ${whose} could not be looked up`;
  if (reason === 'unreachable') return `${shown}: no connection to ${connectedTo(url, proxy)} could be made`;
  if (reason === 'stalled') return `${shown}: the server stopped sending`;
  if (reason === 'lost') return `${shown}: the connection was lost before the file was whole`;
  const detail = error instanceof Error ? error.message : String(error);
  if (reason === 'tls') return `${shown}: no trusted connection to ${url.host}: ${detail}`;
  return `${shown}: the server does not speak HTTP as it should: ${detail}`;
}

function reasonOf(code: string): DownloadFailure | undefined {
  const known = CODES[code];
  if (known !== undefined) return known;
  if (code.startsWith('HPE_')) return 'protocol';
  if (/^(ERR_TLS_|ERR_SSL_|CERT_)/.test(code)) return 'tls';
  return undefined;
}

/** Of the error or of what caused it; several addresses of one host that were tried have one between them. */
function codeOf(error: unknown): string | undefined {
  if (!(error instanceof Error)) return undefined;
  const { code } = error as NodeJS.ErrnoException;
  if (code !== undefined && reasonOf(code) !== undefined) return code;
  return codeOf(error.cause) ?? code;
}
