import * as z from 'zod';
import { linesOf } from './listing.ts';

export type DigestAlgorithm = 'sha256' | 'sha512';

/** A file's published name and digest, in lower-case hexadecimal. */
export interface NamedDigest {
  readonly name: string;
  readonly hex: string;
}

const HEX_DIGITS: Readonly<Record<DigestAlgorithm, number>> = { sha256: 64, sha512: 128 };

/**
 * Parses the lines of a list with digests of this algorithm: `HASH  NAME` and `HASH *NAME`, as sha256sum writes them,
 * or `SHA256 (NAME) = HASH`, as BSD's sha256 does. All other lines, such as comments, are ignored.
 */
export function parseDigestList(text: string, algorithm: DigestAlgorithm): NamedDigest[] {
  const hex = `[0-9a-fA-F]{${HEX_DIGITS[algorithm]}}`;
  const plain = new RegExp(`^(${hex})\\s+\\*?(\\S.*)$`);
  const bsd = new RegExp(`^${algorithm} ?\\((.+)\\) ?= ?(${hex})$`, 'i');
  const found: NamedDigest[] = [];
  for (const line of linesOf(text)) {
    const trimmed = line.trimEnd();
    const [, hash, name] = plain.exec(trimmed) ?? [];
    const [, bsdName, bsdHash] = bsd.exec(trimmed) ?? [];
    if (hash !== undefined && name !== undefined) found.push(namedDigest(name, hash));
    else if (bsdName !== undefined && bsdHash !== undefined) found.push(namedDigest(bsdName, bsdHash));
  }
  return found;
}

/** Returns the digest of a text that consists of a single digest; undefined for other texts. */
export function parseBareDigest(text: string, algorithm: DigestAlgorithm): string | undefined {
  const trimmed = text.trim();
  return new RegExp(`^[0-9a-fA-F]{${HEX_DIGITS[algorithm]}}$`).test(trimmed)
    ? trimmed.toLowerCase()
    : undefined;
}

/** The used part of Debian's build description: each upload is a file, with its digest in base64. */
const debianSchema = z.object({
  items: z.array(
    z.object({
      kind: z.string(),
      data: z.object({ ref: z.string().optional() }),
      metadata: z.object({ annotations: z.record(z.string(), z.string()).optional() }).optional(),
    }),
  ),
});

/** @throws SyntaxError for invalid JSON; ZodError for JSON of another shape. */
export function parseDebianDescription(text: string, algorithm: DigestAlgorithm): NamedDigest[] {
  const { items } = debianSchema.parse(JSON.parse(text));
  return items.flatMap(({ kind, data, metadata }) => {
    const written = metadata?.annotations?.['cloud.debian.org/digest'];
    if (kind !== 'Upload' || data.ref === undefined || written?.startsWith(`${algorithm}:`) !== true)
      return [];
    const hex = Buffer.from(written.slice(algorithm.length + 1), 'base64').toString('hex');
    return hex.length === HEX_DIGITS[algorithm] ? [{ name: data.ref, hex }] : [];
  });
}

function namedDigest(name: string, hex: string): NamedDigest {
  return { name: name.replace(/^\.\//, ''), hex: hex.toLowerCase() };
}
