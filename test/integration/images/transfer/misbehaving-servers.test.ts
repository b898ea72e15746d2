import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { DigestMismatchError, DownloadError, type DownloadFailure } from '../../../../src/errors/index.ts';
import type { DownloadOptions } from '../../../../src/images/transfer/download.ts';
import type { TransferLimits } from '../../../../src/images/transfer/http/transfer-limits.ts';
import { digestOf, labWithFile } from './lab.ts';

const { lab, content } = await labWithFile('disk.raw', 300_000);

type Options = Partial<Omit<DownloadOptions, 'limits'>> & { readonly limits?: Partial<TransferLimits> };
type Row = [path: string, reason: DownloadFailure, words: RegExp, options: Options];

/** Failures that leave nothing. */
const REFUSED: Row[] = [
  ['html/disk.raw', 'html', /received a web page instead of the file/, {}],
  ['disguised-html/disk.raw', 'html', /received a web page instead of the file/, {}],
  ['redirect-loop/disk.raw', 'redirect', /has a redirect loop at /, {}],
  ['redirect-far/disk.raw', 'redirect', /redirects more than 10 times/, {}],
  ['redirect-nowhere/disk.raw', 'redirect', /redirect that has no valid Location header/, {}],
  ['redirect-to-file/disk.raw', 'redirect', /redirects to a URL that is neither http nor https: file:/, {}],
  ['missing.raw', 'status', /the server answered 404 \(Not Found\)/, {}],
  ['status/disk.raw?code=401', 'status', /401 \(Unauthorized\)/, {}],
  ['status/disk.raw?code=403', 'status', /403 \(Forbidden\)/, {}],
  ['status/disk.raw?code=410', 'status', /410 \(Gone\)/, {}],
  ['status/disk.raw?code=501', 'status', /501 \(Not Implemented\)/, {}],
  ['status/disk.raw?code=204', 'status', /204 \(No Content\)/, {}],
  [
    'endless/disk.raw',
    'too-large',
    /is too large: vmlet downloads at most 4 MiB/,
    { maxBytes: 4 * 1024 * 1024 },
  ],
  ['huge/disk.raw', 'too-large', /is too large: 4 PiB \(vmlet downloads at most 256 GiB\)/, {}],
  ['unasked-range/disk.raw', 'protocol', /unexpected part of the file/, {}],
  ['garbage/disk.raw', 'protocol', /invalid HTTP response/, {}],
];

test.each(REFUSED)('%s is rejected as %s, and nothing is left', async (path, reason, words, options) => {
  const failing = lab.download(path, options);
  await expect(failing).rejects.toThrow(DownloadError);
  await expect(failing).rejects.toThrow(words);
  await expect(failing).rejects.toMatchObject({ reason });
  expect(lab.left()).toEqual([]);
});

/** The bytes received before these failures may help the next time; no file exists all the same. */
const INTERRUPTED: Row[] = [
  ['long-length/disk.raw', 'lost', /connection lost before the end of the file/, {}],
  ['drop/disk.raw?after=1000', 'lost', /connection lost before the end of the file/, {}],
  ['drop-chunked/disk.raw', 'lost', /connection lost before the end of the file/, {}],
  [
    'silent/disk.raw',
    'stalled',
    /timed out after 0\.1 s waiting for an answer/,
    { limits: { headMs: 100, attempts: 2 } },
  ],
  [
    'stall/disk.raw?after=1000',
    'stalled',
    /the server stopped sending/,
    { limits: { idleMs: 100, attempts: 2 } },
  ],
  [
    'slow/disk.raw',
    'slow',
    /is too slow \(less than 1 KiB in 0\.3 s\)/,
    { limits: { slowBytes: 1024, slowMs: 300 } },
  ],
  ['busy/disk.raw?times=9', 'status', /the server answered 503 \(Service Unavailable\)/, {}],
  ['busy/disk.raw?after=3600', 'status', /503/, {}],
  ['status/disk.raw?code=429', 'status', /429 \(Too Many Requests\)/, {}],
];

test.each(INTERRUPTED)('%s fails as %s, and no file exists', async (path, reason, words, options) => {
  const failing = lab.download(path, options);
  await expect(failing).rejects.toThrow(DownloadError);
  await expect(failing).rejects.toThrow(words);
  await expect(failing).rejects.toMatchObject({ reason });
  expect(lab.left().filter((name) => !/^partials\/[0-9a-f]{64}\.(part|json)$/.test(name))).toEqual([]);
});

test.each([
  'wrong-byte/disk.raw',
  'wrong-byte/disk.raw?at=0',
  'wrong-byte/disk.raw?at=299999',
  'truncated/disk.raw',
])('%s is detected by the digest, and nothing is left', async (path) => {
  await expect(lab.download(path, { expected: digestOf(content) })).rejects.toThrow(DigestMismatchError);
  expect(lab.left()).toEqual([]);
});

const OVERCOME = [
  'busy/disk.raw?times=2',
  'busy/disk.raw?times=1&after=0',
  'drop/disk.raw?after=100000',
  'drop/disk.raw?after=10&times=2',
  'changed-file/disk.raw',
  'changed-file-without-if-range/disk.raw',
  'no-ranges/disk.raw',
  'no-validators/disk.raw',
  'refuses-ranges/disk.raw',
  'wrong-range/disk.raw',
];

test.each(OVERCOME)('%s is downloaded in the end', async (path) => {
  const file = await lab.download(`${path}${path.includes('?') ? '&' : '?'}known`, {
    expected: digestOf(content),
  });
  expect(file.bytes).toBe(content.length);
  await lab.download(`${path}${path.includes('?') ? '&' : '?'}unknown`);
  expect(readFileSync(lab.to).equals(content)).toBe(true);
  expect(lab.left()).toEqual(['file']);
});

test('a server that closes the connection is asked for the rest of the same file', async () => {
  await lab.download('drop/disk.raw?after=100000&once', { expected: digestOf(content) });
  const asked = lab.server.requests.filter(({ target }) => target.includes('&once'));
  expect(asked.map(({ headers }) => headers.range)).toEqual([undefined, 'bytes=100000-', 'bytes=200000-']);
  expect(asked[0]!.headers['if-range']).toBeUndefined();
  expect(asked[1]!.headers['if-range']).toMatch(/^"/);
});

test('a refused connection and an unknown host are not retried', async () => {
  const port = new URL(lab.server.url).port;
  const other = `http://127.0.0.1:${Number(port) === 9 ? 10 : 9}/disk.raw`;
  await expect(lab.download('', { url: other })).rejects.toMatchObject({
    reason: 'refused',
    message: expect.stringMatching(/connection refused by 127\.0\.0\.1:/) as string,
  });
  await expect(lab.download('', { url: 'http://there-is-no-such-host.invalid/x' })).rejects.toMatchObject({
    reason: 'name',
  });
  expect(lab.left()).toEqual([]);
});
