/** A public key, from a line of a `.pub` file, of known_hosts without its names, or of a guest's console. */
export interface SshPublicKey {
  /** As in `ssh-ed25519`. */
  readonly type: string;
  /** Key data in base64. */
  readonly base64: string;
}

const LINE = /^((?:ssh|ecdsa|sk)-[a-z0-9@.-]+) ([A-Za-z0-9+/]+={0,2})(?:[ \t]|$)/;

/** Parses a line `TYPE BASE64 comment`; undefined for anything else, such as a truncated key. */
export function parsePublicKey(line: string): SshPublicKey | undefined {
  const [, type, base64] = LINE.exec(line.trim()) ?? [];
  if (type === undefined || base64 === undefined) return undefined;
  return isBlobOf(type, Buffer.from(base64, 'base64')) ? { type, base64 } : undefined;
}

export function formatPublicKey({ type, base64 }: SshPublicKey): string {
  return `${type} ${base64}`;
}

/** Validates the encoding: strings with their lengths before them, the type first (RFC 4253, 6.6). */
function isBlobOf(type: string, blob: Buffer): boolean {
  const strings: Buffer[] = [];
  for (let at = 0; at < blob.length;) {
    if (at + 4 > blob.length) return false;
    const end = at + 4 + blob.readUInt32BE(at);
    if (end > blob.length) return false;
    strings.push(blob.subarray(at + 4, end));
    at = end;
  }
  return strings.length > 1 && strings[0]?.toString('latin1') === type;
}
