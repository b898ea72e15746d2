import { readFileSync, readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { readKeys } from 'openpgp';
import { expect, it } from 'vitest';
import { dnfRelease } from '../../../../src/images/build/packages/dnf-release.ts';
import { readCatalogueFile } from '../../../../src/images/catalogue/catalogue-file.ts';
import { catalogueFile } from '../../../../src/machine/paths/package-files.ts';

const file = catalogueFile();
const { keys, images } = (await readCatalogueFile(file)) ?? { keys: {}, images: {} };

it.each(Object.entries(keys))('the key %s is exactly the pinned one', async (_, pinned) => {
  const held = await readKeys({ armoredKeys: readFileSync(join(dirname(file), pinned.file), 'utf8') });
  expect(held.map((key) => key.getFingerprint().toUpperCase())).toEqual([pinned.fingerprint]);
  const [key] = held;
  expect(key?.isPrivate()).toBe(false);
  // It can sign, itself or by a subkey, at any time.
  await expect(key?.getSigningKey(undefined, null)).resolves.toBeDefined();
  expect(pinned.from).toBeDefined();
});

/** Builds from packages that such a key signs. */
const BUILT = [
  ...['43', '44', '45'].map((version) => ['fedora', version] as const),
  ...['9', '10'].flatMap((version) =>
    ['centos-stream', 'rocky', 'almalinux'].map((name) => [name, version] as const),
  ),
];

it('contains exactly the keys that are used', () => {
  const used = Object.values(images).flatMap(({ signature }) => (signature ? [signature.key] : []));
  expect([...new Set(used)].sort()).toEqual(Object.keys(keys).sort());
  const files = readdirSync(join(dirname(file), 'keys')).map((name) => `keys/${name}`);
  const ofImages = Object.values(keys).map((key) => key.file);
  const ofPackages = BUILT.map(([name, version]) => `keys/${dnfRelease(name, version).key}`);
  expect(files.sort()).toEqual([...new Set([...ofImages, ...ofPackages])].sort());
});

it.each(Object.entries(images))('%s is requested by https', (_, { url, index, digest, signature }) => {
  const signed = signature && 'url' in signature ? signature.url : undefined;
  for (const address of [url, index?.url, digest?.url, signed]) {
    if (address !== undefined) expect(address).toMatch(/^https:/);
  }
  expect(digest).toBeDefined();
});

it.each(Object.entries(images))('%s fits on a screen', (name) => {
  const text = readFileSync(file, 'utf8');
  const entry = text.slice(text.indexOf(`\n  ${name}:\n`) + 1);
  const end = entry.search(/\n\n/);
  expect(entry.slice(0, end === -1 ? undefined : end).split('\n').length).toBeLessThanOrEqual(32);
});
