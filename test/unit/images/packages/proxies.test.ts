import { expect, test } from 'vitest';
import { proxiesOf } from '../../../../src/images/packages/proxies.ts';

test.each([
  [{}, {}],
  [{ http_proxy: 'http://p:1' }, { http_proxy: 'http://p:1' }],
  [{ HTTPS_PROXY: 'http://p:1', no_proxy: '' }, { https_proxy: 'http://p:1' }],
  [{ all_proxy: 'http://p:1' }, { http_proxy: 'http://p:1', https_proxy: 'http://p:1' }],
  [{ ALL_PROXY: 'socks5://p:1' }, {}],
  [{ ALL_PROXY: 'p:1' }, { http_proxy: 'http://p:1', https_proxy: 'http://p:1' }],
  [
    { ALL_PROXY: 'http://p:1', http_proxy: 'http://q:2', no_proxy: 'example.org' },
    { http_proxy: 'http://q:2', https_proxy: 'http://p:1', no_proxy: 'example.org' },
  ],
])('of the environment %j, an installer gets %j', (environment, proxies) => {
  expect(proxiesOf(environment)).toEqual(proxies);
});
