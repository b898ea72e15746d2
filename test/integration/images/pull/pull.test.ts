import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createMessage, generateKey, readKey, readPrivateKey, sign } from 'openpgp';
import { afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { type DiskImage, type Image, imageDirectoryName } from '../../../../src/images/record/image.ts';
import type { ImageProgress } from '../../../../src/images/pull/image-progress.ts';
import { importImage } from '../../../../src/images/pull/import-image.ts';
import { type PullOptions, pullImage } from '../../../../src/images/pull/pull.ts';
import { pullUrl } from '../../../../src/images/pull/pull-url.ts';
import { withStoreLock } from '../../../../src/images/store/lock.ts';
import { findImage, listImages } from '../../../../src/images/store/store.ts';
import { catalogueFile } from '../../../../src/machine/paths/package-files.ts';
import { holdFreeLock } from '../../../../src/process/lock/transient-lock.ts';
import { Scope } from '../../../../src/util/scope.ts';
import { deferred } from '../../../../src/util/time/deferred.ts';
import { directoryIn, temporaryDirectory } from '../../../directory.ts';
import { Publisher, sha256, webEntry } from '../../../publisher.ts';

const LIST = '/web/SHA256SUMS';
const FILE = '/web/web.qcow2';

const parent = temporaryDirectory();
let first: Buffer;
let second: Buffer;
let publisher: Publisher;
let options: PullOptions;

beforeAll(() => {
  first = newDisk('64M');
  second = newDisk('65M');
});

beforeEach(async () => {
  publisher = await Publisher.start();
  const directory = directoryIn(parent, 'pull-');
  options = {
    store: join(directory, 'images'),
    partials: join(directory, 'partials'),
    catalogue: catalogueFile(),
    userCatalogue: join(directory, 'images.yaml'),
  };
  offer(first);
  writeEntry();
});

afterEach(async () => publisher[Symbol.asyncDispose]());

function newDisk(size: string): Buffer {
  const path = join(parent, `${size}.qcow2`);
  execFileSync('qemu-img', ['create', '-q', '-f', 'qcow2', path, size]);
  return readFileSync(path);
}

function digestList(disk: Buffer): string {
  return `${sha256(disk)}  web.qcow2\n`;
}

function offer(disk: Buffer, list = digestList(disk)): void {
  publisher.publish(FILE, disk);
  publisher.publish(LIST, list, 'text/plain');
}

/** An entry whose publisher puts each new image at the same URL. */
function writeEntry(more: Readonly<Record<string, unknown>> = {}): void {
  const { keys, ...ofEntry } = more;
  // JSON is YAML.
  writeFileSync(
    options.userCatalogue,
    JSON.stringify({ keys, images: { 'web:1': { ...webEntry(publisher), ...ofEntry } } }),
  );
}

async function pull(reference = 'web:1', orElse?: Image): Promise<DiskImage> {
  const image = await pullImage(reference, { ...options, orElse });
  if (image.kind !== 'disk') throw new TypeError('not a disk');
  return image;
}

/** All files except locks. */
function filesIn(directory: string): string[] {
  if (!existsSync(directory)) return [];
  const entries = readdirSync(directory, { recursive: true, withFileTypes: true });
  return entries.filter((entry) => entry.isFile() && !entry.name.endsWith('lock')).map(({ name }) => name);
}

/** Things that a rejected pull must not leave: an image, a name, a partial download, a build directory. */
async function expectNothing(): Promise<void> {
  expect(await listImages(options.store)).toEqual({ images: [], broken: [] });
  expect([...filesIn(options.store), ...filesIn(options.partials)]).toEqual([]);
}

test('a pulled image has its name and the requested alias, and records its origin', async () => {
  const image = await pull('web:latest');
  expect(image).toMatchObject({
    name: 'web:1',
    virtualBytes: 64 * 1024 ** 2,
    guest: { user: 'someone', firmware: 'bios', provisioner: 'cloud-init', agent: false },
    origin: { kind: 'pulled', verification: 'digest', publishedDigest: `sha256:${sha256(first)}` },
  });
  expect(image.origin).toMatchObject({ url: `${publisher.url}${FILE}` });
  for (const name of ['web:1', 'web:latest']) {
    expect((await findImage(options.store, name))?.digest).toBe(image.digest);
  }
});

test('an image whose digest has not changed is not downloaded again', async () => {
  const image = await pull();
  expect((await pull()).digest).toBe(image.digest);
  expect((await pull('web:latest')).digest).toBe(image.digest);
  expect(publisher.count(FILE)).toBe(1);
  expect((await findImage(options.store, 'web:latest'))?.digest).toBe(image.digest);
});

test('an image whose entry was corrected is pulled again, and then found', async () => {
  const before = await pull();
  writeEntry({ firmware: 'uefi', user: 'other' });
  const image = await pull();
  expect(image.guest).toMatchObject({ firmware: 'uefi', user: 'other' });
  expect((await findImage(options.store, 'web:1'))?.digest).toBe(image.digest);
  expect((await pull()).digest).toBe(image.digest);
  expect(publisher.count(FILE)).toBe(2);
  writeEntry();
  expect((await pull()).digest).toBe(before.digest);
  expect(publisher.count(FILE)).toBe(2);
});

test('an image that was imported is downloaded once, and then found by its digest', async () => {
  const path = join(parent, '64M.qcow2');
  const digest = `sha512:${createHash('sha512').update(first).digest('hex')}`;
  const imported = await importImage(path, options.store, { name: 'mine', digest });
  for (let count = 0; count < 2; count++) {
    const pulled = await pullUrl(`${publisher.url}${FILE}`, options, { name: 'web', digest });
    expect(pulled.digest).toBe(imported.digest);
  }
  expect(publisher.count(FILE)).toBe(1);
});

test('a newer image takes the name, and the old one stays without a name until a prune', async () => {
  const old = await pull();
  offer(second);
  const newer = await pull();
  expect(newer.virtualBytes).toBe(65 * 1024 ** 2);
  const { images } = await listImages(options.store);
  expect(Object.fromEntries(images.map(({ digest, names }) => [digest, names]))).toEqual({
    [newer.digest]: ['web:1'],
    [old.digest]: [],
  });
});

test('a file with a wrong byte is rejected, with both digests', async () => {
  const wrong = Buffer.from(first);
  wrong[wrong.length - 1] = 1;
  offer(wrong, digestList(first));
  await expect(pull()).rejects.toMatchObject({
    code: 'VMLET_DIGEST_MISMATCH',
    message: expect.stringContaining(sha256(wrong).slice(0, 12)) as string,
  });
  await expectNothing();
});

test('a file that was replaced during the pull is reported, and the next pull gets the new one', async () => {
  publisher.beforeAnswer = (path) => {
    if (path === FILE) offer(second);
  };
  await expect(pull()).rejects.toMatchObject({ code: 'VMLET_IMAGE_MOVED' });
  await expectNothing();
  expect((await pull()).virtualBytes).toBe(65 * 1024 ** 2);
});

test('a web page in place of a list of digests is rejected', async () => {
  publisher.publish(LIST, '<!doctype html><html><body>Moved</body></html>', 'text/html');
  await expect(pull()).rejects.toMatchObject({ code: 'VMLET_PUBLISHER_DOCUMENT' });
  expect(publisher.count(FILE)).toBe(0);
});

test('a hostile image is rejected although its digest is right, and leaves nothing', async () => {
  const path = join(parent, 'hostile.qcow2');
  const create = ['create', '-q', '-f', 'qcow2', '-u', '-b', '/etc/passwd', '-F', 'raw', path, '1M'];
  execFileSync('qemu-img', create);
  offer(readFileSync(path));
  await expect(pull()).rejects.toMatchObject({
    code: 'VMLET_IMAGE_REFUSED',
    path: `${publisher.url}${FILE}`,
  });
  await expectNothing();
});

test('two concurrent pulls download once', async () => {
  const [one, other] = await Promise.all([pull(), pull()]);
  expect(one.digest).toBe(other.digest);
  expect(publisher.count(FILE)).toBe(1);
});

test('a pull says that it waits for another download of the same file', async () => {
  mkdirSync(options.partials);
  await using other = new Scope();
  const place = sha256(Buffer.from(`${publisher.url}${FILE}`));
  expect(await holdFreeLock(join(options.partials, `${place}.lock`), other)).toBe(true);
  let closing: Promise<void> | undefined;
  const onProgress = ({ phase }: ImageProgress): void => {
    if (phase === 'waiting for another process') closing ??= other.close();
  };
  await pullImage('web:1', { ...options, onProgress });
  expect(closing).toBeDefined();
  await closing;
}, 20_000);

test('a stored image that is removed before it gets the alias is pulled again', async () => {
  const { digest } = await pull();
  const [held, removed] = [deferred<undefined>(), deferred<undefined>()];
  const holding = withStoreLock(options.store, {}, async () => {
    held.resolve(undefined);
    await removed.promise;
    rmSync(join(options.store, imageDirectoryName(digest)), { recursive: true });
  });
  await held.promise;
  const onProgress = ({ phase }: ImageProgress): void => {
    if (phase === 'waiting for another process') removed.resolve(undefined);
  };
  const pulled = await pullImage('web:latest', { ...options, onlyMissing: true, onProgress });
  await holding;
  expect(pulled.digest).toBe(digest);
  expect((await findImage(options.store, 'web:latest'))?.digest).toBe(digest);
  expect(publisher.count(FILE)).toBe(2);
}, 20_000);

test('an existing image is used if the publisher is unreachable', async () => {
  const image = await pull();
  await publisher[Symbol.asyncDispose]();
  await expect(pull()).rejects.toMatchObject({ code: 'VMLET_DOWNLOAD_FAILED' });
  expect((await pull('web:1', image)).digest).toBe(image.digest);
});

test('a mirror is asked first, then the publisher', async () => {
  await using mirror = await Publisher.start();
  mirror.publish(FILE, first);
  const text = JSON.parse(readFileSync(options.userCatalogue, 'utf8')) as object;
  const mirrors = { [`${publisher.url}/`]: [`${mirror.url}/`] };
  writeFileSync(options.userCatalogue, JSON.stringify({ ...text, mirrors }));
  expect((await pull()).origin).toMatchObject({ url: expect.stringContaining(publisher.url) as string });
  expect(mirror.count(LIST)).toBe(1);
});

test('a signed list makes the image signed, and a list changed after signing is rejected', async () => {
  const { publicKey, privateKey } = await generateKey({ userIDs: [{ name: 'test' }] });
  const directory = join(options.userCatalogue, '..');
  writeFileSync(join(directory, 'test.asc'), publicKey);
  const fingerprint = (await readKey({ armoredKey: publicKey })).getFingerprint().toUpperCase();
  writeEntry({
    keys: { test: { file: 'test.asc', fingerprint } },
    signature: { form: 'detached', url: `${publisher.url}${LIST}.sig`, key: 'test' },
  });
  const list = digestList(first);
  const signature: unknown = await sign({
    message: await createMessage({ text: list }),
    signingKeys: await readPrivateKey({ armoredKey: privateKey }),
    detached: true,
  });
  publisher.publish(`${LIST}.sig`, String(signature));
  publisher.publish(LIST, list.replace('web', 'wob'), 'text/plain');
  await expect(pull()).rejects.toMatchObject({ code: 'VMLET_SIGNATURE_INVALID' });
  await expectNothing();
  publisher.publish(LIST, list, 'text/plain');
  expect((await pull()).origin).toMatchObject({ verification: 'signed', signedBy: fingerprint });
});

test('a signature of the file is verified, also if the image is there with only its digest verified', async () => {
  const image = await pull();
  const { publicKey, privateKey } = await generateKey({ userIDs: [{ name: 'test' }] });
  writeFileSync(join(options.userCatalogue, '../test.asc'), publicKey);
  const fingerprint = (await readKey({ armoredKey: publicKey })).getFingerprint().toUpperCase();
  writeEntry({
    keys: { test: { file: 'test.asc', fingerprint } },
    signature: { form: 'image', url: `${publisher.url}${FILE}.sig`, key: 'test' },
  });
  const signatureOf = async (binary: Buffer): Promise<string> =>
    String(
      await sign({
        message: await createMessage({ binary }),
        signingKeys: await readPrivateKey({ armoredKey: privateKey }),
        detached: true,
      }),
    );
  publisher.publish(`${FILE}.sig`, await signatureOf(second));
  await expect(pull()).rejects.toMatchObject({ code: 'VMLET_SIGNATURE_INVALID' });
  publisher.publish(`${FILE}.sig`, await signatureOf(first));
  const signed = await pull();
  expect(signed.digest).toBe(image.digest);
  expect(signed.origin).toMatchObject({ verification: 'signed', signedBy: fingerprint });
  const downloads = publisher.count(FILE);
  expect((await pull()).origin).toEqual(signed.origin);
  expect(publisher.count(FILE)).toBe(downloads);
});

test('an unknown name gets similar names as suggestions', async () => {
  await expect(pull('wep:1')).rejects.toMatchObject({
    code: 'VMLET_IMAGE_NOT_FOUND',
    hint: expect.stringContaining('web:1') as string,
  });
});
