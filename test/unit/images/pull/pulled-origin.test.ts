import { expect, test } from 'vitest';
import { pulledOrigin } from '../../../../src/images/pull/pulled-origin.ts';

const file = {
  path: '/build/downloaded',
  bytes: 512,
  sha256: 'a'.repeat(64),
  compression: 'none',
  verified: undefined,
  url: 'https://example.org/disk.qcow2',
} as const;

test('contains everything known about where the image came from', () => {
  const digest = { algorithm: 'sha512', hex: 'b'.repeat(128) } as const;
  const served = { ...file, etag: '"1"', lastModified: 'Thu, 01 Jan 2026 00:00:00 GMT' };
  expect(pulledOrigin(served, { verification: 'signed', digest, signedBy: 'C'.repeat(40) })).toEqual({
    kind: 'pulled',
    url: file.url,
    verification: 'signed',
    publishedDigest: `sha512:${digest.hex}`,
    signedBy: 'C'.repeat(40),
    etag: served.etag,
    lastModified: served.lastModified,
  });
});

test('omits unknown fields, as in a manifest', () => {
  const origin = pulledOrigin(
    { ...file, etag: undefined, lastModified: undefined },
    { verification: 'none', digest: undefined },
  );
  expect(Object.keys(origin)).toEqual(['kind', 'url', 'verification']);
});
