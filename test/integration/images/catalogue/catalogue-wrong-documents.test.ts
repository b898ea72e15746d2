import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { loopbackOnly } from '../../../../fixtures/images/catalogue/loopback-only.ts';
import { ownEntry } from '../../../../fixtures/images/catalogue/own-catalogue.ts';
import { type Answer, Publishers } from '../../../../fixtures/images/catalogue/publishers.ts';
import type { CatalogueEntry } from '../../../../src/images/catalogue/catalogue.ts';
import {
  type ResolvedImage,
  explainMismatch,
  resolveEntry,
} from '../../../../src/images/catalogue/resolve.ts';
import { ImageMovedError, InvalidInputError, PublisherDocumentError } from '../../../../src/errors/index.ts';
import { temporaryDirectory } from '../../../directory.ts';

const directory = temporaryDirectory();
const A = 'a'.repeat(64);
const B = 'b'.repeat(64);
const PAGE = '<!DOCTYPE html>\n<html><body>Please log in</body></html>';
const OPTIONS = { architecture: 'x86_64', fetchDocument: loopbackOnly };

let publisher: Publishers;
let entries: Readonly<Record<'list' | 'newest' | 'loose' | 'bare' | 'json' | 'index', CatalogueEntry>>;

beforeAll(async () => {
  publisher = await Publishers.start();
  const at = `${publisher.url}/own`;
  const digest = { url: `${at}/SUMS`, form: 'list', algorithm: 'sha256' };
  entries = {
    list: await ownEntry(directory, { entry: { url: `${at}/disk-{arch}.qcow2`, digest } }),
    newest: await ownEntry(directory, {
      entry: {
        url: `${at}/{build}/disk-{build}.qcow2`,
        digest: { ...digest, newest: '^disk(-(?<build>[0-9.]+))?\\.qcow2$' },
      },
    }),
    loose: await ownEntry(directory, {
      entry: { url: `${at}/disk.qcow2`, digest: { ...digest, newest: '^disk-[0-9]+\\.qcow2$' } },
    }),
    bare: await ownEntry(directory, {
      entry: { url: `${at}/disk.qcow2`, digest: { ...digest, form: 'bare' } },
    }),
    json: await ownEntry(directory, {
      entry: {
        url: `${at}/disk-{build}.qcow2`,
        digest: { ...digest, form: 'debian-json', newest: '^disk-(?<build>[0-9]+)\\.qcow2$' },
      },
    }),
    index: await ownEntry(directory, {
      entry: {
        url: `${at}/disk-{build}.qcow2`,
        index: { url: `${at}/`, form: 'links', newest: '^disk-(?<build>[0-9.~/]+)\\.qcow2$' },
      },
    }),
  };
});

afterAll(async () => publisher[Symbol.asyncDispose]());

beforeEach(() => publisher.reset());

async function failure(of: keyof typeof entries): Promise<PublisherDocumentError> {
  const error: unknown = await resolveEntry(entries[of], OPTIONS).catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(PublisherDocumentError);
  return error as PublisherDocumentError;
}

describe('a list of digests', () => {
  const cases: readonly (readonly [string, Answer, string])[] = [
    ['without the file', `${A}  other.qcow2\n`, 'contains no sha256 digest of disk-amd64.qcow2'],
    ['that is empty', '', 'contains no sha256 digest of disk-amd64.qcow2'],
    [
      'with a digest cut short',
      `${A.slice(1)}  disk-amd64.qcow2\n`,
      'contains no sha256 digest of disk-amd64.qcow2',
    ],
    ['of another algorithm', `${A}${B}  disk-amd64.qcow2\n`, 'contains no sha256 digest of disk-amd64.qcow2'],
    [
      'of a name that only begins so',
      `${A}  disk-amd64.qcow2.sig\n`,
      'contains no sha256 digest of disk-amd64.qcow2',
    ],
    [
      'that says two things of the file',
      `${A}  disk-amd64.qcow2\nSHA256 (disk-amd64.qcow2) = ${B}\n`,
      'has two different digests of disk-amd64.qcow2',
    ],
    ['that is a web page', PAGE, 'is a web page instead of a list of digests or files'],
    [
      'that is not text',
      Uint8Array.of(0xff, 0xfe, 0),
      'is not text, so it contains no list of digests or files',
    ],
  ];
  it.each(cases)('%s is rejected', async (_, answer, problem) => {
    publisher.answer('own/SUMS', answer);
    const error = await failure('list');
    expect(error.message).toBe(`own:1: ${publisher.url}/own/SUMS ${problem}`);
    expect(error.code).toBe('VMLET_PUBLISHER_DOCUMENT');
  });

  it('with a repeated entry is accepted', async () => {
    publisher.answer('own/SUMS', `${A}  disk-amd64.qcow2\nSHA256 (disk-amd64.qcow2) = ${A.toUpperCase()}\n`);
    expect((await resolveEntry(entries.list, OPTIONS)).digest?.hex).toBe(A);
  });

  it('without a matching build is rejected', async () => {
    publisher.answer('own/SUMS', `${A}  disk-beta.qcow2\n`);
    expect((await failure('newest')).message).toContain(
      'contains no sha256 digest of an image whose name matches',
    );
  });

  it('without the build is rejected if the URL needs it', async () => {
    publisher.answer('own/SUMS', `${A}  disk.qcow2\n`);
    expect((await failure('newest')).message).toContain('contains no value for {build}');
  });

  it('with two digests for the newest build is rejected', async () => {
    publisher.answer('own/SUMS', `${A}  disk-2.qcow2\n${B}  disk-2.qcow2\n${B}  disk-1.qcow2\n`);
    expect((await failure('newest')).message).toContain('has two different digests of disk-2.qcow2');
  });

  it('with two files that match equally is rejected, with the way to rank them', async () => {
    publisher.answer('own/SUMS', `${A}  disk-1.qcow2\n${B}  disk-2.qcow2\n`);
    const { message, hint } = await failure('loose');
    expect(message).toContain('lists disk-1.qcow2 and disk-2.qcow2, which the pattern "newest"');
    expect(hint).toContain('put the version in a named group of the pattern');
  });

  it('with two digests for an older build is accepted', async () => {
    publisher.answer('own/SUMS', `${A}  disk-1.qcow2\n${B}  disk-1.qcow2\n${B}  disk-1.10.qcow2\n`);
    const resolved = await resolveEntry(entries.newest, OPTIONS);
    expect(resolved).toMatchObject({
      digest: { hex: B },
      version: '1.10',
      urls: [`${publisher.url}/own/1.10/disk-1.10.qcow2`],
    });
  });

  it('is not read beyond the size limit', async () => {
    publisher.answer('own/SUMS', Buffer.alloc(5 * 1024 * 1024, 'a'));
    await expect(resolveEntry(entries.list, OPTIONS)).rejects.toMatchObject({
      name: 'DownloadError',
      reason: 'too-large',
    });
  });
});

describe('a digest alone', () => {
  it.each([
    ['with a name', `${A}  disk.qcow2\n`],
    ['twice', `${A}\n${A}\n`],
    ['truncated', A.slice(2)],
  ])('%s is rejected', async (_, answer) => {
    publisher.answer('own/SUMS', answer);
    expect((await failure('bare')).message).toContain('is not a sha256 digest in hexadecimal');
  });
});

describe('a description as Debian’s', () => {
  const upload = (algorithm: string): unknown => ({
    kind: 'Upload',
    data: { ref: 'disk-1.qcow2' },
    metadata: {
      annotations: { 'cloud.debian.org/digest': `${algorithm}:${Buffer.from(A, 'hex').toString('base64')}` },
    },
  });
  it.each([
    ['that is not JSON', '{"items": [', 'is not a list of digests in Debian’s JSON format'],
    ['of another structure', '{"items": {}}', 'is not a list of digests in Debian’s JSON format'],
    ['without uploads', '{"items": []}', 'contains no sha256 digest of an image whose name matches'],
    [
      'of another algorithm',
      JSON.stringify({ items: [upload('sha1')] }),
      'contains no sha256 digest of an image whose name matches',
    ],
    ['that is a web page', PAGE, 'is a web page'],
  ])('%s is rejected', async (_, answer, problem) => {
    publisher.answer('own/SUMS', answer);
    expect((await failure('json')).message).toContain(problem);
  });

  it('is accepted if it has the digest', async () => {
    publisher.answer('own/SUMS', JSON.stringify({ items: [upload('sha256')] }));
    expect((await resolveEntry(entries.json, OPTIONS)).digest?.hex).toBe(A);
  });
});

describe('a page with links', () => {
  it.each([
    ['without the image', '<a href="other.qcow2">other</a>'],
    [
      'with links to other places only',
      '<a href="https://example.org/disk-1.qcow2">disk</a><a href="/disk-2.qcow2">',
    ],
    ['whose links lead out of the directory', '<a href="disk-..%2F..%2F1.qcow2">disk</a>'],
  ])('%s is rejected', async (_, page) => {
    publisher.answer('own/', page);
    expect((await failure('index')).message).toContain('lists no image whose name matches');
  });

  it('that was crafted to take time takes little', async () => {
    publisher.answer('own/', `${'<a '.repeat(1_000_000)}<a href="disk-7.qcow2">`);
    expect((await resolveEntry(entries.index, OPTIONS)).version).toBe('7');
  });
});

describe('an image at a fixed URL', () => {
  const resolve = async (): Promise<ResolvedImage> => resolveEntry(entries.list, OPTIONS);

  it('counts as replaced if its digest has changed', async () => {
    publisher.answer('own/SUMS', `${A}  disk-amd64.qcow2\n`);
    const before = await resolve();
    publisher.answer('own/SUMS', `${B}  disk-amd64.qcow2\n`);
    const moved = await explainMismatch(before, entries.list, OPTIONS);
    expect(moved).toBeInstanceOf(ImageMovedError);
    expect(moved?.message).toContain('own:1');
  });

  it('counts as unchanged if its digest is the same', async () => {
    publisher.answer('own/SUMS', `${A}  disk-amd64.qcow2\n`);
    const before = await resolve();
    publisher.asked.length = 0;
    expect(await explainMismatch(before, entries.list, OPTIONS)).toBeUndefined();
    expect(publisher.asked).toEqual(['own/SUMS']);
  });

  it('remains a mismatch if its publisher no longer answers', async () => {
    publisher.answer('own/SUMS', `${A}  disk-amd64.qcow2\n`);
    const before = await resolve();
    publisher.answer('own/SUMS', 500);
    expect(await explainMismatch(before, entries.list, OPTIONS)).toBeUndefined();
  });

  it('is not requested again if each build has its own URL', async () => {
    publisher.answer('own/SUMS', `${A}  disk-1.qcow2\n`);
    const before = await resolveEntry(entries.newest, OPTIONS);
    publisher.asked.length = 0;
    expect(await explainMismatch(before, entries.newest, OPTIONS)).toBeUndefined();
    expect(publisher.asked).toEqual([]);
  });
});

it('lists the architectures that have an image', async () => {
  const asked = resolveEntry(entries.list, { ...OPTIONS, architecture: 'aarch64' });
  await expect(asked).rejects.toThrow(InvalidInputError);
  await expect(asked).rejects.toMatchObject({ hint: 'use another image; this one exists only for x86_64' });
});
