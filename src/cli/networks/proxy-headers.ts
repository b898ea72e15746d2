/** Headers for the next hop only (RFC 9110, 7.6.1), and those that are the proxy's. */
const OWN = [
  'connection',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authorization',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
];
/** Without them a server would take another end of the message, or another host, than the client meant. */
const NEEDED = ['content-length', 'host'];

/** Returns the headers of a request to pass on. */
export function passedRequestHeaders(raw: readonly string[]): string[] {
  // Node frames a body by this header; by itself it does so for some methods only.
  return passed(raw, [...NEEDED, 'transfer-encoding']);
}

/** Returns the headers of an answer to pass on; Node frames its body. */
export function passedAnswerHeaders(raw: readonly string[]): string[] {
  return passed(raw, NEEDED);
}

/** Leaves out those that `Connection` names, too. */
function passed(raw: readonly string[], kept: readonly string[]): string[] {
  const pairs = Array.from({ length: raw.length / 2 }, (_, index): [string, string] => [
    raw[2 * index] ?? '',
    raw[2 * index + 1] ?? '',
  ]);
  const named = pairs
    .filter(([name]) => name.toLowerCase() === 'connection')
    .flatMap(([, value]) => value.split(',').map((word) => word.trim().toLowerCase()));
  const dropped = new Set([...OWN, ...named].filter((name) => !kept.includes(name)));
  return pairs.filter(([name]) => !dropped.has(name.toLowerCase())).flat();
}
