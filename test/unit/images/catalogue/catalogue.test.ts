import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { ImageNotFoundError, InvalidInputError } from '../../../../src/errors/index.ts';
import { type Catalogue, openCatalogue } from '../../../../src/images/catalogue/catalogue.ts';
import { temporaryDirectory } from '../../../directory.ts';

const directory = temporaryDirectory();
const file = join(directory, 'catalogue.yaml');
const userFile = join(directory, 'images.yaml');
const A = 'A'.repeat(40);
const B = 'B'.repeat(40);

function image(more: object = {}): object {
  return {
    description: 'an image',
    firmware: 'bios',
    provisioner: 'cloud-init',
    format: 'qcow2',
    architectures: { x86_64: 'amd64' },
    url: 'https://a.example/disk.qcow2',
    ...more,
  };
}

async function open(builtIn: object, own?: object): Promise<Catalogue> {
  writeFileSync(file, JSON.stringify(builtIn));
  writeFileSync(userFile, own === undefined ? '' : JSON.stringify(own));
  return openCatalogue({ file, userFile });
}

const BUILT_IN = {
  mirrors: { 'https://a.example/': ['https://m.example/'] },
  keys: { theirs: { file: 'keys/theirs.asc', fingerprint: A } },
  images: {
    'debian:13': image({ aliases: ['debian', 'debian:trixie'], description: 'Debian 13 (trixie)' }),
    'fedora:44': image({
      aliases: ['fedora'],
      version: '44-{build}',
      digest: { url: 'https://a.example/S', form: 'list', algorithm: 'sha256', newest: '(?<build>[0-9]+)' },
      signature: { form: 'inline', key: 'theirs' },
      unconfirmed: ['cpu'],
      quirks: ['no 9p'],
    }),
  },
};

describe('a catalogue', () => {
  it('finds images by their names and aliases', async () => {
    const catalogue = await open(BUILT_IN);
    for (const name of ['debian:13', 'debian', 'debian:trixie']) {
      expect(catalogue.find(name).reference).toBe('debian:13');
    }
    expect(catalogue.find('debian').key).toBeUndefined();
  });

  it('finds the key of an image in the directory of its own file', async () => {
    const { key, mirrors } = (await open(BUILT_IN)).find('fedora');
    expect(key).toEqual({ name: 'theirs', fingerprint: A, path: join(directory, 'keys/theirs.asc') });
    expect(mirrors).toEqual(BUILT_IN.mirrors);
  });

  it('lists what users need', async () => {
    expect((await open(BUILT_IN)).list()).toEqual([
      expect.objectContaining({
        reference: 'debian:13',
        verification: 'none',
        own: false,
        version: undefined,
      }),
      {
        reference: 'fedora:44',
        aliases: ['fedora'],
        description: 'an image',
        // Only its publisher knows the build.
        version: undefined,
        architectures: ['x86_64'],
        user: undefined,
        firmware: 'bios',
        cpu: 'x86-64',
        verification: 'signed',
        unconfirmed: ['cpu'],
        quirks: ['no 9p'],
        own: false,
      },
    ]);
  });

  it.each([
    ['DEB', ['debian:13']],
    ['Trixie', ['debian:13']],
    ['fedora', ['fedora:44']],
    ['an image', ['fedora:44']],
    ['nothing', []],
    ['', ['debian:13', 'fedora:44']],
  ])('is searched for %j', async (term, found) => {
    expect((await open(BUILT_IN)).search(term).map(({ reference }) => reference)).toEqual(found);
  });

  it('suggests other tags of the name, else similar names', async () => {
    const catalogue = await open(BUILT_IN);
    const hintFor = (name: string): string | undefined => {
      try {
        catalogue.find(name);
      } catch (error) {
        if (error instanceof ImageNotFoundError) return error.hint;
      }
      return undefined;
    };
    expect(hintFor('debian:99')).toContain('debian:13, debian, debian:trixie?');
    expect(hintFor('fedroa')).toContain('did you mean fedora');
    expect(hintFor('nothing-like-it')).toMatch(/^to list images, run: vmlet image ls --remote; /);
    expect(() => catalogue.find('./disk')).toThrow(InvalidInputError);
  });

  it('reports that it is missing', async () => {
    await expect(openCatalogue({ file: join(directory, 'none'), userFile })).rejects.toThrow('no such file');
  });
});

describe('a user’s own file', () => {
  it('comes first, and overrides names and aliases of the catalogue', async () => {
    const own = {
      images: { 'web:1': image({ aliases: ['debian'] }), 'fedora:44': image({ description: 'mine' }) },
    };
    const catalogue = await open(BUILT_IN, own);
    expect(catalogue.find('debian').reference).toBe('web:1');
    expect(catalogue.find('debian:13').reference).toBe('debian:13');
    expect(catalogue.find('fedora:44').description).toBe('mine');
    // An alias of the replaced entry still leads to the catalogue’s entry.
    expect(catalogue.find('fedora').description).toBe('an image');
    expect(catalogue.list().map(({ reference, aliases, own: mine }) => [reference, aliases, mine])).toEqual([
      ['web:1', ['debian'], true],
      ['fedora:44', [], true],
      ['debian:13', ['debian:trixie'], false],
    ]);
  });

  it('replaces mirrors and keys of the same names', async () => {
    const own = {
      mirrors: { 'https://a.example/': ['https://n.example/'], 'https://b.example/': ['https://o.example/'] },
      keys: { theirs: { file: 'mine.asc', fingerprint: B } },
    };
    const { key, mirrors } = (await open(BUILT_IN, own)).find('fedora:44');
    expect(key).toEqual({ name: 'theirs', fingerprint: B, path: join(directory, 'mine.asc') });
    expect(mirrors).toEqual(own.mirrors);
  });

  it('can use a key of the catalogue', async () => {
    const signature = { form: 'image', url: 'https://a.example/disk.qcow2.sig', key: 'theirs' };
    const catalogue = await open(BUILT_IN, { images: { 'web:1': image({ signature }) } });
    expect(catalogue.find('web:1').key?.fingerprint).toBe(A);
  });

  it('is never written', async () => {
    await open(BUILT_IN, { images: {} });
    expect(readFileSync(userFile, 'utf8')).toBe('{"images":{}}');
  });
});
