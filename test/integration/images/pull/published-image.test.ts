import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { DownloadError, ImageNotFoundError } from '../../../../src/errors/index.ts';
import { lookUpImage } from '../../../../src/images/pull/published-image.ts';
import { catalogueFile } from '../../../../src/machine/paths/package-files.ts';
import { directoryIn, temporaryDirectory } from '../../../directory.ts';
import { Publisher, sha256, webEntry } from '../../../publisher.ts';

const LIST = '/web/SHA256SUMS';
const FILE = '/web/web.qcow2';
const DISK = Buffer.alloc(1_234_567, 'disk');

const parent = temporaryDirectory();
let publisher: Publisher;
let mirror: Publisher;
let places: { readonly catalogue: string; readonly userCatalogue: string };

beforeEach(async () => {
  publisher = await Publisher.start();
  mirror = await Publisher.start();
  places = { catalogue: catalogueFile(), userCatalogue: join(directoryIn(parent, 'look-'), 'images.yaml') };
  publisher.publish(FILE, DISK);
  publisher.publish(LIST, `${sha256(DISK)}  web.qcow2\n`, 'text/plain');
  writeCatalogue();
});

afterEach(async () => {
  await publisher[Symbol.asyncDispose]();
  await mirror[Symbol.asyncDispose]();
});

function writeCatalogue(mirrors = {}): void {
  // JSON is YAML.
  writeFileSync(
    places.userCatalogue,
    JSON.stringify({ mirrors, images: { 'web:1': { ...webEntry(publisher), version: '12' } } }),
  );
}

test('the publisher tells the size of an image, and sends none of it', async () => {
  const methods: (string | undefined)[] = [];
  publisher.beforeAnswer = (path, method) => {
    if (path === FILE) methods.push(method);
  };
  const found = { reference: 'web:1', version: '12', url: `${publisher.url}${FILE}`, bytes: DISK.length };
  expect(await lookUpImage('web:1', places)).toEqual(found);
  expect(await lookUpImage('web:latest', places)).toEqual(found);
  expect(methods).toEqual(['HEAD', 'HEAD']);
  expect(existsSync(join(places.userCatalogue, '../images'))).toBe(false);
});

test('a publisher without the file is an error, and so is a name without a publisher', async () => {
  publisher.withdraw(FILE);
  await expect(lookUpImage('web:1', places)).rejects.toThrow(DownloadError);
  publisher.publish(FILE, DISK);
  await expect(lookUpImage('nothing:1', places)).rejects.toThrow(ImageNotFoundError);
});

test('a mirror is asked before the publisher, as for a pull', async () => {
  writeCatalogue({ [`${publisher.url}/`]: [`${mirror.url}/`] });
  mirror.publish(LIST, `${sha256(DISK)}  web.qcow2\n`, 'text/plain');
  expect(await lookUpImage('web:1', places)).toMatchObject({ url: `${publisher.url}${FILE}` });
  expect(mirror.count(FILE)).toBe(1);
  mirror.publish(FILE, DISK);
  expect(await lookUpImage('web:1', places)).toMatchObject({ url: `${mirror.url}${FILE}` });
});
