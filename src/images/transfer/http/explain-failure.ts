import { DownloadError, type DownloadFailure } from '../../../errors/index.ts';
import { printable } from './download-address.ts';

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
  // The connection ended within chunked content.
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
 * Converts an error of sockets, TLS or HTTP into a DownloadError; returns other errors unchanged.
 * @param proxy the proxy of the connection, if any.
 */
export function explainFailure(error: unknown, url: URL, proxy?: URL): unknown {
  const code = codeOf(error);
  const reason = code === undefined ? undefined : reasonOf(code);
  if (reason === undefined) return error;
  return new DownloadError(printable(url), reason, describe(reason, url, proxy, error), {
    cause: error,
    hint: hintOf(reason, proxy),
  });
}

export function hintOf(reason: DownloadFailure, proxy: URL | undefined): string | undefined {
  return proxy && CONNECTING.includes(reason) ? PROXY_HINT : HINTS[reason];
}

/** Names the peer of the connection: the proxy or the server. */
export function connectedTo(url: URL, proxy: URL | undefined): string {
  return proxy ? `the proxy ${proxy.host}` : url.host;
}

/** Failures before anything was sent to the server. */
const CONNECTING: readonly DownloadFailure[] = ['refused', 'name', 'unreachable'];

export const PROXY_HINT = 'check the environment variables HTTP_PROXY, HTTPS_PROXY and NO_PROXY';
const HINTS: Partial<Record<DownloadFailure, string>> = {
  refused: `check the URL; if this host needs a proxy, ${PROXY_HINT}`,
  name: `check the URL and this host's network; if this host needs a proxy, ${PROXY_HINT}`,
  unreachable: `check this host's network; if this host needs a proxy, ${PROXY_HINT}`,
  lost: 'try again; the download resumes if the server supports it',
  stalled: 'try again later; the download resumes if the server supports it',
  tls: 'check the URL and the clock of this host; if the server uses a private certificate authority (CA), set NODE_EXTRA_CA_CERTS to the path of the CA certificate',
  protocol: 'check the scheme (http or https) and the port of the URL',
};

function describe(reason: DownloadFailure, url: URL, proxy: URL | undefined, error: unknown): string {
  const shown = printable(url);
  const name = proxy ? `the proxy ${proxy.hostname}` : url.hostname;
  if (reason === 'refused') return `${shown}: connection refused by ${connectedTo(url, proxy)}`;
  if (reason === 'name') return `${shown}: cannot resolve ${name}`;
  if (reason === 'unreachable') return `${shown}: cannot connect to ${connectedTo(url, proxy)}`;
  if (reason === 'stalled') return `${shown}: the server stopped sending`;
  if (reason === 'lost') return `${shown}: connection lost before the end of the file`;
  const detail = error instanceof Error ? error.message : String(error);
  if (reason === 'tls') return `${shown}: TLS connection to ${url.host} failed: ${detail}`;
  return `${shown}: invalid HTTP response: ${detail}`;
}

function reasonOf(code: string): DownloadFailure | undefined {
  const known = CODES[code];
  if (known !== undefined) return known;
  if (code.startsWith('HPE_')) return 'protocol';
  if (/^(ERR_TLS_|ERR_SSL_|CERT_)/.test(code)) return 'tls';
  return undefined;
}

/** Returns the code of the error or of its cause. An AggregateError for several addresses of a host has one code. */
function codeOf(error: unknown): string | undefined {
  if (!(error instanceof Error)) return undefined;
  const { code } = error as NodeJS.ErrnoException;
  if (code !== undefined && reasonOf(code) !== undefined) return code;
  return codeOf(error.cause) ?? code;
}
