import { expect, it } from 'vitest';
import { sharePorts, placeShare } from '../../../../src/machines/plan/share-ports.ts';
import type { StoredShare } from '../../../../src/machines/spec/machine-spec.ts';
import { withMounts, withTags } from '../../../../src/machines/spec/stored-mounts.ts';

const share = (target: string, tag?: string): StoredShare => ({
  source: '/data',
  target,
  readOnly: false,
  cache: 'auto',
  ids: { kind: 'host' },
  ...(tag !== undefined && { tag }),
});
const ports = (first: number, last: number): string[] =>
  Array.from({ length: last - first + 1 }, (_, index) => `share${first + index}-port`);

it.each([
  ['no directories', [], []],
  ['one', [share('/a')], ports(0, 4)],
  ['a directory whose predecessors are gone', [share('/c', 'share2')], ports(0, 6)],
  ['seven', Array.from({ length: 7 }, (_, index) => share(`/${index}`)), ports(0, 7)],
])('a machine with %s has ports for them and for four more, at most eight', (_what, shares, expected) => {
  expect(sharePorts(shares)).toEqual(expected);
});

it('a directory keeps its tag when another one is removed', () => {
  const [, second] = withTags([share('/a'), share('/b')]);
  expect(second).toMatchObject({ target: '/b', tag: 'share1' });
  expect(withTags([second!])).toEqual([second]);
});

it('a directory is on the root bus where the memory has no port for it', () => {
  const plan = { tag: 'share1' } as Parameters<typeof placeShare>[0];
  expect(placeShare(plan, ['port0', 'share1-port'])).toEqual({ tag: 'share1', bus: 'share1-port' });
  expect(placeShare(plan, ['port0', 'share0-port'])).toEqual({ tag: 'share1' });
});

it('a machine without directories is defined as one that never had any', () => {
  const copies = [{ source: '/data', target: '/b', ids: { kind: 'host' } }];
  const spec = { name: 'web', shares: [share('/a')], copies, tmpfs: [] } as unknown as Parameters<
    typeof withMounts
  >[0];
  expect(withMounts(spec, { shares: [], copies: [], volumes: [], tmpfs: [] })).toEqual({ name: 'web' });
});
