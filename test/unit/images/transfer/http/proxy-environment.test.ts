import { expect, test } from 'vitest';
import { proxyFor } from '../../../../../src/images/transfer/http/proxy-environment.ts';

test.each([
  ['http://example.org/x', { http_proxy: 'http://p:1' }, 'http://p:1/'],
  ['http://example.org/x', { HTTP_PROXY: 'p:1' }, 'http://p:1/'],
  ['http://example.org/x', { http_proxy: 'a:1', HTTP_PROXY: 'b:2' }, 'http://a:1/'],
  ['https://example.org/x', { http_proxy: 'p:1' }, undefined],
  ['https://example.org/x', { all_proxy: 'p:1' }, 'http://p:1/'],
  ['http://example.org/x', { http_proxy: '' }, undefined],
  ['http://example.org/x', { http_proxy: 'p:1', no_proxy: '*' }, undefined],
  ['http://mirror.example.org/x', { http_proxy: 'p:1', no_proxy: 'a.b, .example.org' }, undefined],
  ['http://mirror.example.org/x', { http_proxy: 'p:1', NO_PROXY: 'EXAMPLE.org' }, undefined],
  ['http://badexample.org/x', { http_proxy: 'p:1', no_proxy: 'example.org' }, 'http://p:1/'],
  ['http://example.org:8080/x', { http_proxy: 'p:1', no_proxy: 'example.org:80' }, 'http://p:1/'],
  ['http://example.org/x', { http_proxy: 'p:1', no_proxy: 'example.org:80' }, undefined],
  ['http://10.1.2.3/x', { http_proxy: 'p:1', no_proxy: '10.0.0.0/8' }, undefined],
  ['http://11.1.2.3/x', { http_proxy: 'p:1', no_proxy: '10.0.0.0/8' }, 'http://p:1/'],
  ['http://[::1]/x', { http_proxy: 'p:1', no_proxy: '::1' }, undefined],
  ['http://[fd00::1]:81/x', { http_proxy: 'p:1', no_proxy: '[fd00::1]:81 fd01::/16' }, undefined],
])('%s with %o uses %s', (address, environment, proxy) => {
  expect(proxyFor(new URL(address), environment)?.href).toBe(proxy);
});

test.each([
  ['http_proxy', { http_proxy: 'socks5://p:1' }],
  ['all_proxy', { all_proxy: 'socks5://p:1' }],
])('an unsupported proxy is reported with its variable: %s', (field, environment) => {
  expect(() => proxyFor(new URL('http://example.org/x'), environment)).toThrow(
    expect.objectContaining({
      field,
      hint: expect.stringContaining('SOCKS proxies are not supported') as unknown,
    }),
  );
});
