import type { ImageOrigin } from '../record/manifest.ts';
import { formatPublishedDigest } from '../digest/published-digest.ts';
import type { ExpectedDigest } from '../digest/digest.ts';
import type { DownloadedFile } from '../transfer/result.ts';

type PulledOrigin = Extract<ImageOrigin, { kind: 'pulled' }>;

/** Describes where an image was downloaded from, and how it was verified. */
export function pulledOrigin(
  { url, etag, lastModified }: DownloadedFile,
  {
    verification,
    digest,
    signedBy,
  }: {
    readonly verification: PulledOrigin['verification'];
    readonly digest: ExpectedDigest | undefined;
    readonly signedBy?: string | undefined;
  },
): PulledOrigin {
  return {
    kind: 'pulled',
    url,
    verification,
    ...(digest && { publishedDigest: formatPublishedDigest(digest) }),
    ...(signedBy !== undefined && { signedBy }),
    ...(etag !== undefined && { etag }),
    ...(lastModified !== undefined && { lastModified }),
  };
}
