import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { execa } from 'execa';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { Publishers } from '../../../../fixtures/images/catalogue/publishers.ts';
import { SigningKey } from '../../../../fixtures/images/catalogue/signing-key.ts';
import { writeUserCatalogue } from '../../../../fixtures/images/catalogue/user-catalogue.ts';
import { temporaryDirectory } from '../../../directory.ts';
import { unpackPackage } from '../../../packed-package.ts';

const root = join(import.meta.dirname, '../../../..');
const directory = temporaryDirectory();
const folder = (name: string): string => join(directory, name);
const env = {
  XDG_CONFIG_HOME: folder('config'),
  XDG_DATA_HOME: folder('data'),
  XDG_CACHE_HOME: folder('cache'),
  XDG_STATE_HOME: folder('state'),
};

let publishers: Publishers;
let key: SigningKey;

/** The command as installed from the package: without the sources that are not packed. */
async function vmlet(...args: readonly string[]): Promise<string> {
  const { stdout } = await execa('node', [folder('package/dist/bin/vmlet.js'), ...args], { env });
  return stdout;
}

beforeAll(async () => {
  await unpackPackage(directory, folder('package'));
  symlinkSync(join(root, 'node_modules'), folder('package/node_modules'));
  key = await SigningKey.make({ name: 'fedora 44' });
  publishers = await Publishers.start([
    { under: 'dl.fedoraproject.org/pub/fedora/linux/releases/44/', key, form: 'inline' },
  ]);
});

afterAll(async () => publishers[Symbol.asyncDispose]());

it('knows the images of its catalogue', async () => {
  const { images } = JSON.parse(await vmlet('image', 'ls', '--remote', '--json')) as {
    images: readonly { readonly reference: string }[];
  };
  expect(images.map(({ reference }) => reference)).toEqual(
    expect.arrayContaining(['debian:13', 'fedora:44']),
  );
});

it('has the keys of its catalogue', async () => {
  const images = 'fedora/linux/releases/44/Cloud/x86_64/images';
  const name = 'Fedora-Cloud-Base-Generic-44-1.7.x86_64.qcow2';
  await writeUserCatalogueIn('config/vmlet', {});
  // The publisher answers, but its signature is by another key than the one in the package.
  await expect(vmlet('pull', 'fedora')).rejects.toMatchObject({
    stderr: expect.stringContaining('the expected key 36F612DCF27F7D1A48A835E4DBFCF71C6D9F90A6') as unknown,
  });
  // The user’s own file replaces it.
  await writeUserCatalogueIn('config/vmlet', { 'fedora-44': key });
  await execa('qemu-img', ['create', '-q', '-f', 'qcow2', folder('disk.qcow2'), '1M']);
  const disk = readFileSync(folder('disk.qcow2'));
  const digest = createHash('sha256').update(disk).digest('hex');
  publishers.answer(`download.fedoraproject.org/pub/${images}/${name}`, disk);
  publishers.answer(
    `dl.fedoraproject.org/pub/${images}/Fedora-Cloud-44-1.7-x86_64-CHECKSUM`,
    await key.signInline(`SHA256 (${name}) = ${digest}\n`),
  );
  const pulled = JSON.parse(await vmlet('pull', '--json', 'fedora')) as { images: readonly unknown[] };
  expect(pulled.images).toMatchObject([
    {
      origin: {
        kind: 'pulled',
        verification: 'signed',
        signedBy: key.fingerprint,
        publishedDigest: `sha256:${digest}`,
      },
      guest: { firmware: 'uefi', user: 'fedora' },
    },
  ]);
});

async function writeUserCatalogueIn(name: string, keys: Readonly<Record<string, SigningKey>>): Promise<void> {
  mkdirSync(folder(name), { recursive: true });
  await writeUserCatalogue(join(folder(name), 'images.yaml'), publishers.url, keys);
}
