import { createServer } from 'node:net';
import { once } from 'node:events';
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { loopbackOnly } from '../../../../fixtures/images/catalogue/loopback-only.ts';
import { ownEntry } from '../../../../fixtures/images/catalogue/own-catalogue.ts';
import { Publishers } from '../../../../fixtures/images/catalogue/publishers.ts';
import { SigningKey } from '../../../../fixtures/images/catalogue/signing-key.ts';
import { DownloadError, PublisherDocumentError } from '../../../../src/errors/index.ts';
import type { CatalogueEntry } from '../../../../src/images/catalogue/catalogue.ts';
import { type ResolvedImage, resolveEntry } from '../../../../src/images/catalogue/resolve.ts';
import { temporaryDirectory } from '../../../directory.ts';

const directory = temporaryDirectory();
const A = 'a'.repeat(64);
const B = 'b'.repeat(64);

let publisher: Publishers;
let mirror: Publishers;
/** A port without a listener. */
let nowhere: string;

beforeAll(async () => {
  publisher = await Publishers.start();
  mirror = await Publishers.start();
  nowhere = `http://127.0.0.1:${await unusedPort()}`;
});

afterAll(async () => {
  await publisher[Symbol.asyncDispose]();
  await mirror[Symbol.asyncDispose]();
});

beforeEach(() => {
  publisher.reset();
  mirror.reset();
});

async function unusedPort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  if (address === null || typeof address === 'string') throw new TypeError('a port was asked for');
  return address.port;
}

async function entryWith(
  mirrors: readonly string[],
  more: object = {},
  key?: SigningKey,
): Promise<CatalogueEntry> {
  const at = `${publisher.url}/pub`;
  return ownEntry(directory, {
    entry: {
      url: `${at}/disk.qcow2`,
      digest: { url: `${at}/SUMS`, form: 'list', algorithm: 'sha256' },
      ...more,
    },
    key,
    mirrors: { [`${publisher.url}/`]: mirrors },
  });
}

async function resolve(entry: CatalogueEntry): Promise<ResolvedImage> {
  return resolveEntry(entry, { architecture: 'x86_64', fetchDocument: loopbackOnly });
}

it('asks a mirror before the publisher, and records both for the image', async () => {
  mirror.answer('copy/pub/SUMS', `${A}  disk.qcow2\n`);
  publisher.answer('pub/SUMS', `${B}  disk.qcow2\n`);
  const resolved = await resolve(await entryWith([`${mirror.url}/copy/`]));
  expect(resolved.digest?.hex).toBe(A);
  expect(resolved.urls).toEqual([`${mirror.url}/copy/pub/disk.qcow2`, `${publisher.url}/pub/disk.qcow2`]);
  expect(publisher.asked).toEqual([]);
});

it('asks the next mirror if one is unreachable', async () => {
  mirror.answer('pub/SUMS', `${A}  disk.qcow2\n`);
  const resolved = await resolve(await entryWith([`${nowhere}/`, `${mirror.url}/`]));
  expect(resolved.digest?.hex).toBe(A);
  // The place that has answered comes first.
  expect(resolved.urls).toEqual([
    `${mirror.url}/pub/disk.qcow2`,
    `${nowhere}/pub/disk.qcow2`,
    `${publisher.url}/pub/disk.qcow2`,
  ]);
});

it('asks the publisher if no mirror has the image', async () => {
  publisher.answer('pub/SUMS', `${B}  disk.qcow2\n`);
  const resolved = await resolve(await entryWith([`${nowhere}/`, `${mirror.url}/`]));
  expect(mirror.asked).toEqual(['pub/SUMS']);
  expect(resolved.digest?.hex).toBe(B);
});

it('asks a publisher without mirrors once, however many mirrors others have', async () => {
  const entry = {
    url: `${publisher.url}/pub/disk.qcow2`,
    digest: { url: `${publisher.url}/pub/SUMS`, form: 'list', algorithm: 'sha256' },
  };
  const mirrors = { 'https://other.example/': [`${nowhere}/`, `${mirror.url}/`] };
  await expect(resolve(await ownEntry(directory, { entry, mirrors }))).rejects.toThrow(DownloadError);
  expect(publisher.asked).toEqual(['pub/SUMS']);
});

it('reports the publisher’s answer if no place has the file', async () => {
  const asked = resolve(await entryWith([`${nowhere}/`, `${mirror.url}/`]));
  await expect(asked).rejects.toThrow(DownloadError);
  await expect(asked).rejects.toMatchObject({ url: `${publisher.url}/pub/SUMS`, status: 404 });
});

it('takes all documents from one place', async () => {
  const key = await SigningKey.make({ name: 'ours' });
  const signature = { form: 'detached', url: `${publisher.url}/pub/SUMS.asc`, key: 'own' };
  const entry = await entryWith([`${mirror.url}/`], { signature }, key);
  // The mirror has an older list, and no signature.
  mirror.answer('pub/SUMS', `${A}  disk.qcow2\n`);
  publisher.answer('pub/SUMS', `${B}  disk.qcow2\n`);
  publisher.answer('pub/SUMS.asc', await key.signDetached(`${B}  disk.qcow2\n`));
  expect(await resolve(entry)).toMatchObject({ digest: { hex: B }, verification: 'signed' });
  expect(mirror.asked).toEqual(['pub/SUMS', 'pub/SUMS.asc']);
  expect(publisher.asked).toEqual(['pub/SUMS', 'pub/SUMS.asc']);
});

it('does not ask elsewhere when a mirror has changed a document', async () => {
  const key = await SigningKey.make({ name: 'ours' });
  const signature = { form: 'detached', url: `${publisher.url}/pub/SUMS.asc`, key: 'own' };
  const entry = await entryWith([`${mirror.url}/`], { signature }, key);
  mirror.answer('pub/SUMS', `${A}  disk.qcow2\n`);
  mirror.answer('pub/SUMS.asc', await key.signDetached(`${B}  disk.qcow2\n`));
  await expect(resolve(entry)).rejects.toMatchObject({ code: 'VMLET_SIGNATURE_INVALID' });
  expect(publisher.asked).toEqual([]);
});

it('reports that a mirror’s document is wrong', async () => {
  mirror.answer('pub/SUMS', '<html><body>Welcome</body></html>');
  const asked = resolve(await entryWith([`${mirror.url}/`]));
  await expect(asked).rejects.toThrow(PublisherDocumentError);
  await expect(asked).rejects.toMatchObject({ url: `${mirror.url}/pub/SUMS` });
});

it('ends when it is aborted, and asks no other mirror', async () => {
  const stop = new AbortController();
  const reason = new Error('enough');
  const entry = await entryWith([`${mirror.url}/`]);
  const asked = resolveEntry(entry, {
    architecture: 'x86_64',
    signal: stop.signal,
    fetchDocument: async (url, options) => {
      stop.abort(reason);
      return loopbackOnly(url, options);
    },
  });
  await expect(asked).rejects.toBe(reason);
  expect(publisher.asked).toEqual([]);
});
