import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { EXPECTED, type Expected } from '../../../../fixtures/images/catalogue/expected.ts';
import { loopbackOnly } from '../../../../fixtures/images/catalogue/loopback-only.ts';
import { Publishers } from '../../../../fixtures/images/catalogue/publishers.ts';
import { SigningKey } from '../../../../fixtures/images/catalogue/signing-key.ts';
import { writeUserCatalogue } from '../../../../fixtures/images/catalogue/user-catalogue.ts';
import { type Catalogue, openCatalogue } from '../../../../src/images/catalogue/catalogue.ts';
import { resolveEntry } from '../../../../src/images/catalogue/resolve.ts';
import { catalogueFile } from '../../../../src/machine/paths/package-files.ts';
import { temporaryDirectory } from '../../../directory.ts';

const directory = temporaryDirectory();
const userFile = join(directory, 'images.yaml');

let catalogue: Catalogue;
let publishers: Publishers;
let fingerprints: ReadonlyMap<string, string>;

beforeAll(async () => {
  const make = async (name: string): Promise<SigningKey> => SigningKey.make({ name });
  const keys = {
    'ubuntu-cloud-images': await make('ubuntu'),
    'fedora-43': await make('fedora 43'),
    'fedora-44': await make('fedora 44'),
    'fedora-45': await make('fedora 45'),
    'rocky-10': await make('rocky 10'),
    'almalinux-9': await make('alma 9'),
    'almalinux-10': await make('alma 10'),
  };
  const fedora = 'dl.fedoraproject.org/pub/fedora/linux/releases';
  publishers = await Publishers.start([
    { under: 'cloud-images.ubuntu.com/', key: keys['ubuntu-cloud-images'], form: 'detached' },
    { under: `${fedora}/43/`, key: keys['fedora-43'], form: 'inline' },
    { under: `${fedora}/44/`, key: keys['fedora-44'], form: 'inline' },
    { under: `${fedora}/45/`, key: keys['fedora-45'], form: 'inline' },
    { under: 'dl.rockylinux.org/pub/rocky/10/', key: keys['rocky-10'], form: 'detached' },
    { under: 'repo.almalinux.org/almalinux/9/', key: keys['almalinux-9'], form: 'detached' },
    { under: 'repo.almalinux.org/almalinux/10/', key: keys['almalinux-10'], form: 'detached' },
  ]);
  fingerprints = new Map(Object.entries(keys).map(([name, { fingerprint }]) => [name, fingerprint]));
  await writeUserCatalogue(userFile, publishers.url, keys);
  catalogue = await openCatalogue({ file: catalogueFile(), userFile });
});

afterAll(async () => publishers[Symbol.asyncDispose]());

beforeEach(() => publishers.reset());

describe('every image of the catalogue, by documents of its publisher’s shape', () => {
  it.each(EXPECTED)('$image for $architecture', async (expected: Expected) => {
    const { image, architecture, url, digest, level, version, moves } = expected;
    const entry = catalogue.find(image);
    const resolved = await resolveEntry(entry, { architecture, fetchDocument: loopbackOnly });
    const [algorithm, name] = digest;
    expect(resolved).toMatchObject({
      reference: image,
      version,
      urls: [url.replace('https:/', publishers.url), url],
      digest: { algorithm, hex: createHash(algorithm).update(`${name}\n`).digest('hex') },
      verification: level,
      moves: moves ?? false,
      fileSignature: undefined,
    });
    expect(resolved.signedBy).toBe(
      level === 'signed' ? fingerprints.get(entry.signature?.key ?? '') : undefined,
    );
    expect(resolved.guest.firmware).toBe(architecture === 'aarch64' ? 'uefi' : entry.firmware);
    // At most the index, the list and its signature, each once.
    expect(publishers.asked.length).toBeLessThanOrEqual(3);
    expect(new Set(publishers.asked).size).toBe(publishers.asked.length);
  });

  it('is about all of them, for all of their architectures', () => {
    const all = catalogue
      .list()
      .flatMap(({ reference, architectures }) => architectures.map((name) => `${reference} ${name}`));
    expect(EXPECTED.map(({ image, architecture }) => `${image} ${architecture}`).sort()).toEqual(all.sort());
  });

  it.each([
    'debian:12',
    'debian:13',
    'ubuntu:22.04',
    'ubuntu:24.04',
    'ubuntu:26.04',
    'fedora',
    'fedora:43',
    'fedora:44',
    'alpine',
    'arch',
    'centos-stream:9',
    'centos-stream:10',
    'rocky:9',
    'rocky:10',
    'almalinux:9',
    'almalinux:10',
    'opensuse-leap',
    'freebsd',
  ])('has %s', (name) => {
    expect(catalogue.find(name).architectures).toHaveProperty('x86_64');
  });
});
