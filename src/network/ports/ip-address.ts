/** Host addresses that a forward can listen on, in the one spelling that the rest of vmlet compares. */

const IPV4 = /^(?:(?:25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)\.){3}(?:25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)$/;

/**
 * Requires four decimal numbers without leading zeros: other spellings (octal, short forms) mean different
 * things to different programs.
 */
export function isIpv4(text: string): boolean {
  return IPV4.test(text);
}

/** Returns the RFC 5952 spelling of an IPv6 address without brackets or zone; undefined for other text. */
export function canonicalIpv6(text: string): string | undefined {
  if (!/^[0-9a-f:.]+$/i.test(text)) return undefined;
  const url = `http://[${text}]/`;
  // The URL standard prints the shortest spelling, and does no look-ups.
  return URL.canParse(url) ? new URL(url).hostname.slice(1, -1) : undefined;
}

export function isIpv6(address: string): boolean {
  return address.includes(':');
}

/** fe80::/10: such an address is meaningless without an interface. */
export function isLinkLocal(canonical: string): boolean {
  return /^fe[89ab][0-9a-f]:/.test(canonical);
}

/** ::ffff:0:0/96, an IPv4 address in IPv6 form. */
export function isMappedIpv4(canonical: string): boolean {
  return /^::ffff:[0-9a-f]+:[0-9a-f]+$/.test(canonical);
}

export function isWildcard(address: string): boolean {
  return address === '0.0.0.0' || address === '::';
}

/** True when sockets on both addresses could receive the same packet. [::] never includes IPv4 here. */
export function addressesOverlap(one: string, other: string): boolean {
  if (one === other) return true;
  return isIpv6(one) === isIpv6(other) && (isWildcard(one) || isWildcard(other));
}
