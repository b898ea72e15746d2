import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { loopbackOnly } from '../../../../fixtures/images/catalogue/loopback-only.ts';
import { ownEntry } from '../../../../fixtures/images/catalogue/own-catalogue.ts';
import { Publishers } from '../../../../fixtures/images/catalogue/publishers.ts';
import { SigningKey } from '../../../../fixtures/images/catalogue/signing-key.ts';
import { SignatureError } from '../../../../src/errors/index.ts';
import type { CatalogueEntry } from '../../../../src/images/catalogue/catalogue.ts';
import { type ResolvedImage, resolveEntry } from '../../../../src/images/catalogue/resolve.ts';
import { verifyImage } from '../../../../src/images/catalogue/verify-image.ts';
import { temporaryDirectory } from '../../../directory.ts';

const directory = temporaryDirectory();
const A = 'a'.repeat(64);
const B = 'b'.repeat(64);
const LIST = `# disk.qcow2: 5 bytes\nSHA256 (disk.qcow2) = ${A}\n`;
const DAY = 86_400_000;
const ago = (days: number): Date => new Date(Date.now() - days * DAY);

let publisher: Publishers;
let key: SigningKey;
let stranger: SigningKey;
/** Created ten days ago, expired five days ago. */
let expired: SigningKey;
let inline: CatalogueEntry;
let detached: CatalogueEntry;

beforeAll(async () => {
  publisher = await Publishers.start();
  key = await SigningKey.make({ name: 'ours' });
  stranger = await SigningKey.make({ name: 'stranger' });
  expired = await SigningKey.make({
    name: 'expired',
    createdAt: ago(10),
    lifetimeSeconds: (5 * DAY) / 1000,
  });
  inline = await ownEntry(directory, { key, entry: entryWith({ form: 'inline', key: 'own' }) });
  detached = await ownEntry(directory, { key, entry: entryWith(besideTheList()) });
});

afterAll(async () => publisher[Symbol.asyncDispose]());

beforeEach(() => publisher.reset());

function entryWith(signature: object): object {
  const at = `${publisher.url}/own`;
  const digest = { url: `${at}/SUMS`, form: 'list', algorithm: 'sha256' };
  return { url: `${at}/disk.qcow2`, digest, signature };
}

function besideTheList(): object {
  return { form: 'detached', url: `${publisher.url}/own/SUMS.asc`, key: 'own' };
}

async function resolve(entry: CatalogueEntry): Promise<ResolvedImage> {
  return resolveEntry(entry, { architecture: 'x86_64', fetchDocument: loopbackOnly });
}

async function refusal(entry: CatalogueEntry): Promise<SignatureError> {
  const error: unknown = await resolve(entry).catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(SignatureError);
  return error as SignatureError;
}

describe('a list that is signed in itself', () => {
  const answer = (text: string): void => publisher.answer('own/SUMS', text);

  it('is accepted', async () => {
    answer(await key.signInline(LIST));
    expect(await resolve(inline)).toMatchObject({
      verification: 'signed',
      signedBy: key.fingerprint,
      digest: { hex: A },
    });
  });

  it('is rejected without a signature', async () => {
    answer(LIST);
    const error = await refusal(inline);
    expect(error.message).toBe(
      `own:1: ${publisher.url}/own/SUMS is not signed, but the catalogue requires a signature`,
    );
    expect(error).toMatchObject({ code: 'VMLET_SIGNATURE_INVALID', fingerprint: key.fingerprint });
    expect(error.hint).toContain('do not use this image');
  });

  it('is rejected with one changed digit', async () => {
    answer((await key.signInline(LIST)).replace(A, `${A.slice(1)}b`));
    expect((await refusal(inline)).message).toContain('has an invalid signature');
  });

  it('is rejected with a signature of another key', async () => {
    answer(await stranger.signInline(LIST));
    const { message } = await refusal(inline);
    expect(message).toContain(stranger.fingerprint.slice(-16));
    expect(message).toContain(`is not signed by the expected key ${key.fingerprint}`);
  });

  it('uses only the signed text, not the text around it', async () => {
    const signed = await key.signInline(`${LIST}# the end\n`);
    const evil = `SHA256 (disk.qcow2) = ${B}\n`;
    for (const text of [`${signed}\n${evil}`, signed.replaceAll('\n', '\r\n')]) {
      answer(text);
      expect((await resolve(inline)).digest?.hex).toBe(A);
    }
    answer(`${evil}\n${signed}`);
    const before = await resolve(inline).catch((error: unknown) => error);
    if (!(before instanceof SignatureError)) expect(before).toMatchObject({ digest: { hex: A } });
  });

  it('is read as it was signed if its lines are escaped', async () => {
    const signed = await key.signInline(LIST);
    answer(signed.replace('SHA256 (', '- SHA256 (').replace(A, `${A}  `));
    expect((await resolve(inline)).digest?.hex).toBe(A);
  });

  it('is rejected if a digest is added to the header of the message', async () => {
    const signed = await key.signInline('# nothing\n');
    answer(signed.replace('Hash: SHA512', `Hash: SHA512\nSHA256 (disk.qcow2) = ${B}`));
    await expect(resolve(inline)).rejects.toThrow();
  });

  it('is rejected if it is a web page', async () => {
    answer('<html><body>Please log in</body></html>');
    await expect(resolve(inline)).rejects.toThrow('is a web page');
  });
});

describe('a signature beside a list', () => {
  it.each(['armoured', 'binary'])('is accepted %s', async (form) => {
    publisher.answer('own/SUMS', LIST);
    publisher.answer(
      'own/SUMS.asc',
      form === 'binary' ? await key.signDetachedBinary(LIST) : await key.signDetached(LIST),
    );
    expect(await resolve(detached)).toMatchObject({ verification: 'signed', digest: { hex: A } });
  });

  it('is rejected for another list', async () => {
    publisher.answer('own/SUMS', LIST);
    publisher.answer('own/SUMS.asc', await key.signDetached(`${LIST}\n`));
    expect((await refusal(detached)).message).toContain('has an invalid signature');
  });

  it('is rejected for another key', async () => {
    publisher.answer('own/SUMS', LIST);
    publisher.answer('own/SUMS.asc', await stranger.signDetached(LIST));
    const { message } = await refusal(detached);
    expect(message).toContain(`is not signed by the expected key ${key.fingerprint}`);
  });

  it('is accepted among signatures of other keys', async () => {
    publisher.answer('own/SUMS', LIST);
    const both = [await stranger.signDetachedBinary(LIST), await key.signDetachedBinary(LIST)];
    publisher.answer('own/SUMS.asc', Buffer.concat(both));
    expect((await resolve(detached)).verification).toBe('signed');
  });

  it.each([
    ['a web page', '<html></html>'],
    ['empty', ''],
    ['another armoured object', ''],
  ])('is rejected when it is %s', async (what, text) => {
    publisher.answer('own/SUMS', LIST);
    publisher.answer('own/SUMS.asc', what.includes('armour') ? key.publicKey : text);
    const { message } = await refusal(detached);
    expect(message).toMatch(/has an unreadable signature|has no readable signature/);
  });

  it('is required', async () => {
    publisher.answer('own/SUMS', LIST);
    const error = await refusal(detached);
    expect(error.message).toContain(
      `must be signed, but its signature could not be fetched: ${publisher.url}/own/SUMS.asc`,
    );
    expect(error.cause).toMatchObject({ name: 'DownloadError', status: 404 });
  });
});

describe('a key that has expired', () => {
  it('verifies earlier signatures', async () => {
    const entry = await ownEntry(directory, { key: expired, entry: entryWith(besideTheList()) });
    publisher.answer('own/SUMS', LIST);
    publisher.answer('own/SUMS.asc', await expired.signDetached(LIST, ago(7)));
    expect((await resolve(entry)).signedBy).toBe(expired.fingerprint);
  });

  it('does not verify later signatures', async () => {
    const entry = await ownEntry(directory, { key: expired, entry: entryWith(besideTheList()) });
    publisher.answer('own/SUMS', LIST);
    publisher.answer('own/SUMS.asc', await expired.signDetached(LIST, ago(1)));
    expect((await refusal(entry)).message).toContain('expired');
  });
});

describe('a key that is not the pinned one', () => {
  it('is rejected before anything is downloaded', async () => {
    const entry = await ownEntry(directory, { key: stranger, entry: entryWith(besideTheList()) });
    publisher.answer('own/SUMS', LIST);
    publisher.answer('own/SUMS.asc', await stranger.signDetached(LIST));
    const other = { ...entry, key: { ...pinned(entry), fingerprint: key.fingerprint } };
    const { message } = await refusal(other);
    expect(message).toContain(
      `has the key ${stranger.fingerprint}, but not the expected key ${key.fingerprint}`,
    );
  });

  it('is rejected if its file contains no key', async () => {
    const entry = await ownEntry(directory, { key, entry: entryWith(besideTheList()) });
    publisher.answer('own/SUMS', LIST);
    publisher.answer('own/SUMS.asc', await key.signDetached(LIST));
    await writeFile(pinned(entry).path, 'nothing\n');
    expect((await refusal(entry)).message).toContain(`cannot read a key from ${pinned(entry).path}`);
  });
});

describe('a signature over the image itself', () => {
  const CONTENT = Buffer.alloc(300_000, 'disk');
  let entry: CatalogueEntry;

  beforeAll(async () => {
    const at = `${publisher.url}/own`;
    const signature = { form: 'image', url: `${at}/disk.qcow2.sig`, key: 'own' };
    entry = await ownEntry(directory, { key, entry: { url: `${at}/disk.qcow2`, signature } });
  });

  it('verifies the whole file, and no other file', async () => {
    publisher.answer('own/disk.qcow2.sig', await key.signDetachedBinary(CONTENT));
    const resolved = await resolve(entry);
    expect(resolved).toMatchObject({ verification: 'signed', digest: undefined });
    const path = join(directory, 'disk.qcow2');
    await writeFile(path, CONTENT);
    await verifyImage(resolved, path);
    const changed = Buffer.from(CONTENT);
    changed.writeUInt8(changed.readUInt8(200_000) ^ 1, 200_000);
    for (const wrong of [changed, CONTENT.subarray(0, -1), Buffer.alloc(0)]) {
      await writeFile(path, wrong);
      await expect(verifyImage(resolved, path)).rejects.toThrow(SignatureError);
    }
  });

  it('is required before the image is downloaded', async () => {
    expect((await refusal(entry)).message).toContain('its signature could not be fetched');
    expect(publisher.asked).toEqual(['own/disk.qcow2.sig']);
  });

  it('ends when it is aborted', async () => {
    publisher.answer('own/disk.qcow2.sig', await key.signDetached(CONTENT));
    const resolved = await resolve(entry);
    const path = join(directory, 'disk.qcow2');
    await writeFile(path, CONTENT);
    const reason = new Error('enough');
    await expect(verifyImage(resolved, path, { signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
    const stop = new AbortController();
    const verified = verifyImage(resolved, path, { signal: stop.signal });
    stop.abort(reason);
    await expect(verified).rejects.toBe(reason);
  });
});

function pinned(entry: CatalogueEntry): NonNullable<CatalogueEntry['key']> {
  if (entry.key === undefined) throw new TypeError('the entry has no key');
  return entry.key;
}
