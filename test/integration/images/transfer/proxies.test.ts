import { readFileSync } from 'node:fs';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { type Proxy, startProxy } from '../../../../fixtures/http/proxy.ts';
import { InvalidInputError } from '../../../../src/errors/index.ts';
import { fetchDocument } from '../../../../src/images/transfer/fetch-document.ts';
import { Scope } from '../../../../src/util/scope.ts';
import { TransferLab, noise } from './lab.ts';

const NAMES = ['http_proxy', 'https_proxy', 'all_proxy', 'no_proxy'].flatMap((name) => [
  name,
  name.toUpperCase(),
]);
const saved = Object.fromEntries(NAMES.map((name) => [name, process.env[name]]));
const scope = new Scope();
let lab: TransferLab;
let proxy: Proxy;
let content: Buffer;

beforeAll(async () => {
  lab = await TransferLab.open(scope);
  content = lab.put('disk.raw', noise(100_000));
});
beforeEach(async () => {
  for (const name of NAMES) Reflect.deleteProperty(process.env, name);
  proxy = await startProxy(scope);
});
afterEach(() => lab.clear());
afterAll(async () => {
  for (const [name, value] of Object.entries(saved)) {
    if (value === undefined) Reflect.deleteProperty(process.env, name);
    else process.env[name] = value;
  }
  await scope.close();
});

test.each(['http_proxy', 'HTTP_PROXY', 'all_proxy'])('%s is asked for the full URL', async (name) => {
  process.env[name] = proxy.url.replace('http://', 'http://me:secret@');
  await lab.download('disk.raw');
  expect(readFileSync(lab.to).equals(content)).toBe(true);
  expect(proxy.requests.map(({ target }) => target)).toEqual([`${lab.server.url}/disk.raw`]);
  expect(proxy.requests[0]!.headers['proxy-authorization']).toBe(`Basic ${btoa('me:secret')}`);
  expect(lab.server.requests.at(-1)!.headers.host).toBe(new URL(lab.server.url).host);
});

test('hosts in no_proxy are not requested through a proxy', async () => {
  process.env['http_proxy'] = proxy.url;
  process.env['no_proxy'] = 'example.org,127.0.0.1';
  await lab.download('disk.raw');
  expect(proxy.requests).toEqual([]);
});

test('https uses a tunnel, which a proxy can refuse', async () => {
  const refusing = await startProxy(scope, 403);
  process.env['https_proxy'] = refusing.url;
  await expect(lab.download('', { url: 'https://example.org/disk.raw' })).rejects.toMatchObject({
    reason: 'proxy',
    message: expect.stringMatching(
      /the proxy \S+ refused a connection to example\.org \(status 403\)/,
    ) as string,
  });
  expect(refusing.requests).toMatchObject([{ method: 'CONNECT', target: 'example.org:443' }]);
});

test('a server without TLS at the end of a tunnel is rejected', async () => {
  process.env['https_proxy'] = proxy.url;
  await expect(fetchDocument(`${lab.server.url.replace('http:', 'https:')}/disk.raw`)).rejects.toMatchObject({
    code: 'VMLET_DOWNLOAD_FAILED',
  });
  expect(proxy.requests.map(({ method }) => method)).toEqual(['CONNECT']);
});

test.each(['http', 'https'])('an unreachable proxy is named, not the %s server', async (scheme) => {
  process.env[`${scheme}_proxy`] = 'http://127.0.0.1:1';
  await expect(lab.download('', { url: `${scheme}://example.org/disk.raw` })).rejects.toMatchObject({
    reason: 'refused',
    message: `${scheme}://example.org/disk.raw: connection refused by the proxy 127.0.0.1:1`,
    hint: expect.stringContaining('HTTP_PROXY') as string,
  });
  process.env[`${scheme}_proxy`] = 'http://proxy.invalid:3128';
  await expect(lab.download('', { url: `${scheme}://example.org/disk.raw` })).rejects.toMatchObject({
    message: expect.stringContaining('cannot resolve the proxy proxy.invalid') as string,
  });
});

test('an invalid proxy URL is an error', async () => {
  process.env['http_proxy'] = 'socks5://127.0.0.1:1080';
  await expect(lab.download('disk.raw')).rejects.toThrow(InvalidInputError);
});
