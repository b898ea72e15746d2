import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { DownloadError, FirmwareNotFoundError } from '../../../../src/errors/index.ts';
import { importImage } from '../../../../src/images/pull/import-image.ts';
import { findImage } from '../../../../src/images/store/store.ts';
import { firmwareDirectories } from '../../../../src/host/firmware/firmware-descriptor.ts';
import { type Locations, locate } from '../../../../src/machine/paths/locations.ts';
import type { LaunchOptions } from '../../../../src/machine/spec/launch-options.ts';
import type { PullPolicy } from '../../../../src/machine/spec/machine-options.ts';
import { parseSpec } from '../../../../src/machine/spec/spec.ts';
import { findBootSource } from '../../../../src/machine/survey/boot-source.ts';
import type { BootSource } from '../../../../src/machine/survey/found-spec.ts';
import { directoryIn, temporaryDirectory } from '../../../directory.ts';
import { Publisher, sha256, webEntry } from '../../../publisher.ts';

const LIST = '/web/SHA256SUMS';
const FILE = '/web/web.qcow2';

const top = temporaryDirectory();
let home: string;
let publisher: Publisher;

beforeEach(async () => {
  home = directoryIn(top, 'home-');
  vi.stubEnv('XDG_CONFIG_HOME', home);
  publisher = await Publisher.start();
  publisher.publish(LIST, `${sha256(Buffer.from('a disk'))}  web.qcow2\n`, 'text/plain');
  mkdirSync(join(home, 'vmlet'));
  const entry = { ...webEntry(publisher), firmware: 'uefi' };
  writeFileSync(join(home, 'vmlet', 'images.yaml'), JSON.stringify({ images: { 'web:1': entry } }));
});

afterEach(async () => {
  vi.unstubAllEnvs();
  await publisher[Symbol.asyncDispose]();
});

/** An empty descriptor in the user's directory hides one of the same name. */
function hideFirmware(): void {
  const [own = '', ...others] = firmwareDirectories(process.env, home).reverse();
  mkdirSync(own, { recursive: true });
  for (const directory of others) {
    try {
      for (const name of readdirSync(directory)) writeFileSync(join(own, name), '');
    } catch {
      // A host without firmware lacks the directory.
    }
  }
}

async function find(options: LaunchOptions, pull: PullPolicy = 'missing'): Promise<BootSource> {
  const context = { locations: locations(), signal: undefined, onProgress: undefined, pull };
  return findBootSource(parseSpec(options), context);
}

const locations = (): Locations => locate({ XDG_CONFIG_HOME: home }, home, 0);

/** Imports an image and names it. */
async function importNamed(name: string): Promise<void> {
  const file = join(home, 'disk.raw');
  writeFileSync(file, Buffer.alloc(1024 ** 2, 1));
  await importImage(file, locations().images, { name });
}

describe('an image that needs UEFI', () => {
  it('is not downloaded to a host without its firmware', async () => {
    hideFirmware();
    await expect(find({ image: 'web:1' })).rejects.toThrow(FirmwareNotFoundError);
    expect(publisher.requests).toEqual([LIST]);
  });

  it('is downloaded if the user asks for BIOS', async () => {
    hideFirmware();
    await expect(find({ image: 'web:1', firmware: 'bios' })).rejects.toThrow(DownloadError);
    expect(publisher.requests).toContain(FILE);
  });
});

it('an image is neither downloaded nor used with words for its kernel', async () => {
  const refused = {
    field: 'append',
    message: expect.stringContaining('the machine boots from a disk') as string,
  };
  await expect(find({ image: 'web:1', append: 'quiet' })).rejects.toMatchObject(refused);
  expect(publisher.requests).toEqual([LIST]);
  await importNamed('web:1');
  await expect(find({ image: 'web:1', append: 'quiet' })).rejects.toMatchObject(refused);
});

it('an alias gets the stored image of its catalogue name, without asking the publisher', async () => {
  await importNamed('web:1');
  const source = await find({ image: 'web:latest' });
  expect(source).toMatchObject({ image: { name: 'web:1' } });
  expect(publisher.requests).toEqual([]);
  // The alias is now a name of the image.
  expect((await findImage(locations().images, 'web:latest'))?.name).toBe('web:1');
  expect(await find({ image: 'web:latest' }, 'never')).toEqual(source);
});

it.each(['never', 'newer'] as const)(
  'an alias gets the stored image of its catalogue name with --pull %s and no network',
  async (pull) => {
    await importNamed('web:1');
    await publisher[Symbol.asyncDispose]();
    expect(await find({ image: 'web:latest' }, pull)).toMatchObject({ image: { name: 'web:1' } });
    expect(await findImage(locations().images, 'web:latest')).toBeUndefined();
    await expect(find({ image: 'web:2' }, pull)).rejects.toMatchObject({ code: 'VMLET_IMAGE_NOT_FOUND' });
  },
);

describe('an image that is only local', () => {
  it('is not suggested instead of itself if it cannot be pulled', async () => {
    await importNamed('own');
    await expect(find({ image: 'own' }, 'always')).rejects.toMatchObject({
      code: 'VMLET_IMAGE_NOT_FOUND',
      hint: 'own is a local image and in no catalogue: leave out --pull always',
    });
    await expect(find({ image: 'owm' }, 'always')).rejects.toMatchObject({
      hint: expect.stringContaining('did you mean own?') as string,
    });
  });
});
