import { expect, it } from 'vitest';
import { describeForwards } from '../../../../src/cli/look/describe-forwards.ts';
import type { BoundForward } from '../../../../src/index.ts';

const forward = (
  hostPort: number,
  guestPort: number,
  { protocol = 'tcp', hostAddress = '127.0.0.1' }: Partial<BoundForward> = {},
): BoundForward => ({ hostPort, guestPort, protocol, hostAddress, ephemeral: false });

it('joins forwards whose ports follow each other', () => {
  const forwards = [forward(8000, 80), forward(8001, 81), forward(8002, 82), forward(9000, 443)];
  expect(describeForwards(forwards)).toEqual(['127.0.0.1:8000-8002->80-82', '127.0.0.1:9000->443']);
});

it.each([
  ['the port of the guest', forward(8001, 80)],
  ['the port of the host', forward(8002, 81)],
  ['the protocol', forward(8001, 81, { protocol: 'udp' })],
  ['the address', forward(8001, 81, { hostAddress: '::1' })],
])('does not join forwards that differ in %s', (_difference, other) => {
  expect(describeForwards([forward(8000, 80), other])).toHaveLength(2);
});

it('shows protocols other than TCP, and IPv6 addresses in brackets', () => {
  const udp = { protocol: 'udp', hostAddress: '::1' } as const;
  expect(describeForwards([forward(53, 53, udp)])).toEqual(['[::1]:53/udp->53']);
  expect(describeForwards([forward(53, 53, udp), forward(54, 54, udp)])).toEqual(['[::1]:53-54/udp->53-54']);
});

it('shows nothing without forwards', () => {
  expect(describeForwards([])).toEqual([]);
});
