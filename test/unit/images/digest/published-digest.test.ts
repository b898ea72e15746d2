import { expect, it } from 'vitest';
import { InvalidInputError } from '../../../../src/errors/index.ts';
import {
  formatPublishedDigest,
  parsePublishedDigest,
} from '../../../../src/images/digest/published-digest.ts';

const SHA256 = 'aB'.repeat(32);
const SHA512 = 'aB'.repeat(64);

it.each([
  [`sha256:${SHA256}`, `sha256:${SHA256.toLowerCase()}`],
  [`SHA512:${SHA512}`, `sha512:${SHA512.toLowerCase()}`],
  [SHA256, `sha256:${SHA256.toLowerCase()}`],
  [` ${SHA512}\n`, `sha512:${SHA512.toLowerCase()}`],
])('reads %j', (text, digest) => {
  expect(formatPublishedDigest(parsePublishedDigest(text))).toBe(digest);
});

it.each([
  '',
  'sha256:',
  'sha256:abc',
  `sha512:${SHA256}`,
  `md5:${'a'.repeat(32)}`,
  `sha256:${'g'.repeat(64)}`,
  'a b',
])('rejects %j', (text) => {
  expect(() => parsePublishedDigest(text)).toThrow(InvalidInputError);
});
