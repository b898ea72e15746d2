import { expect, test } from 'vitest';
import {
  formatNames,
  withNetworkNames,
  withNetworksOnly,
} from '../../../../src/machine/network/hosts-text.ts';

const names = (...pairs: [string, string][]) => pairs.map(([name, address]) => `${address} ${name}`);

test('appends the names of a network, with or without a final newline', () => {
  const expected = '127.0.0.1 localhost\n# vmlet 10.77.0.0/24\n10.77.0.2 web\n# end of vmlet 10.77.0.0/24\n';
  for (const before of ['127.0.0.1 localhost\n', '127.0.0.1 localhost']) {
    expect(withNetworkNames(before, '10.77.0.0/24', names(['web', '10.77.0.2']))).toBe(expected);
  }
  expect(withNetworkNames('', '10.77.0.0/24', names())).toBe(
    '# vmlet 10.77.0.0/24\n# end of vmlet 10.77.0.0/24\n',
  );
});

test('keeps every existing line', () => {
  const before = '127.0.0.1 localhost\n::1 localhost\n192.0.2.1 added\n';
  expect(withNetworkNames(before, '10.77.0.0/24', names())).toBe(
    `${before}# vmlet 10.77.0.0/24\n# end of vmlet 10.77.0.0/24\n`,
  );
});

test('replaces its earlier lines, and keeps those of other networks and of the guest', () => {
  const one = withNetworkNames('127.0.0.1 localhost\n', '10.77.0.0/24', names(['web', '10.77.0.2']));
  const two = withNetworkNames(one, '10.77.1.0/24', names(['web', '10.77.1.2']));
  const three = withNetworkNames(
    `${two}192.0.2.1 added\n`,
    '10.77.0.0/24',
    names(['web', '10.77.0.2'], ['db', '10.77.0.3']),
  );
  expect(three.split('\n')).toEqual([
    '127.0.0.1 localhost',
    '# vmlet 10.77.1.0/24',
    '10.77.1.2 web',
    '# end of vmlet 10.77.1.0/24',
    '192.0.2.1 added',
    '# vmlet 10.77.0.0/24',
    '10.77.0.2 web',
    '10.77.0.3 db',
    '# end of vmlet 10.77.0.0/24',
    '',
  ]);
  // Applying the same names again changes nothing.
  const again = withNetworkNames(three, '10.77.0.0/24', names(['web', '10.77.0.2'], ['db', '10.77.0.3']));
  expect(again).toBe(three);
});

test('removes nothing if the guest has broken the markers', () => {
  const noBegin = '127.0.0.1 localhost\n# end of vmlet 10.77.0.0/24\n';
  expect(withNetworkNames(noBegin, '10.77.0.0/24', names())).toBe(
    `${noBegin}# vmlet 10.77.0.0/24\n# end of vmlet 10.77.0.0/24\n`,
  );
  const broken = '# end of vmlet 10.77.0.0/24\n127.0.0.1 localhost\n# vmlet 10.77.0.0/24\n';
  expect(withNetworkNames(broken, '10.77.0.0/24', names())).toBe(
    `${broken}# vmlet 10.77.0.0/24\n# end of vmlet 10.77.0.0/24\n`,
  );
  const again = withNetworkNames(broken, '10.77.0.0/24', names(['web', '10.77.0.2']));
  expect(withNetworkNames(again, '10.77.0.0/24', names())).toBe(
    '# end of vmlet 10.77.0.0/24\n127.0.0.1 localhost\n# vmlet 10.77.0.0/24\n# end of vmlet 10.77.0.0/24\n',
  );
});

test('removes the lines of networks that the guest has left, and nothing else', () => {
  const before = '127.0.0.1 localhost\n';
  const both = withNetworkNames(
    withNetworkNames(before, 'lan', names(['db', '10.9.0.2'])),
    'dmz',
    names(['db', '10.9.1.2']),
  );
  expect(withNetworksOnly(both, ['lan', 'dmz'])).toBe(both);
  expect(withNetworksOnly(both, ['lan'])).toBe(withNetworkNames(before, 'lan', names(['db', '10.9.0.2'])));
  expect(withNetworksOnly(both, [])).toBe(before);
  expect(withNetworksOnly(withNetworkNames('', 'lan', []), [])).toBe('');
});

test('formats the names of networks without other lines', () => {
  const lan = { network: 'lan', lines: names(['db', '10.9.0.2']) };
  expect(formatNames([lan, { network: 'dmz', lines: [] }])).toBe(
    '# vmlet lan\n10.9.0.2 db\n# end of vmlet lan\n# vmlet dmz\n# end of vmlet dmz\n',
  );
  expect(formatNames([])).toBe('');
});
