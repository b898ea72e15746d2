import { expect, test } from 'vitest';
import { DownloadError, type DownloadFailure } from '../../../../src/errors/index.ts';
import { type AnnouncedFile, fetchSize } from '../../../../src/images/transfer/http/fetch-size.ts';
import { labWithFile } from './lab.ts';

const BYTES = 300_000;
const { lab } = await labWithFile('disk.raw', BYTES);

const sizeOf = async (path: string, signal?: AbortSignal): Promise<AnnouncedFile> =>
  fetchSize(`${lab.server.url}/${path}`, {
    signal,
    ...(path.startsWith('silent/') && { limits: { headMs: 1000 } }),
  });

test('a server tells the size of a file', async () => {
  expect(await sizeOf('disk.raw')).toEqual({ url: `${lab.server.url}/disk.raw`, bytes: BYTES });
});

test('the size of a file that is sent in chunks is unknown', async () => {
  expect(await sizeOf('chunked/disk.raw')).toMatchObject({ bytes: undefined });
});

test.each<[path: string, reason: DownloadFailure, words: RegExp]>([
  ['missing.raw', 'status', /404 \(Not Found\)/],
  ['status/disk.raw?code=503', 'status', /503 \(Service Unavailable\)/],
  ['status/disk.raw?code=405', 'status', /405 \(Method Not Allowed\)/],
  ['html/disk.raw', 'html', /received a web page instead of the file/],
  ['redirect-loop/disk.raw', 'redirect', /has a redirect loop at /],
  ['silent/disk.raw', 'stalled', /timed out after 1 s waiting for an answer/],
])('%s has no size, but the reason %s', async (path, reason, words) => {
  const failing = sizeOf(path);
  await expect(failing).rejects.toThrow(DownloadError);
  await expect(failing).rejects.toThrow(words);
  await expect(failing).rejects.toMatchObject({ reason });
});

test('an abort rejects with its reason', async () => {
  const reason = new Error('enough');
  await expect(sizeOf('disk.raw', AbortSignal.abort(reason))).rejects.toBe(reason);
});
