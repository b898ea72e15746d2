import { expect, it } from 'vitest';
import { pairForwards } from '../../../../src/network/ports/pair-forwards.ts';
import { type BoundForward, parsePortForwards } from '../../../../src/network/ports/port.ts';

const bound = (text: string, ephemeral = true): BoundForward => {
  const [forward] = parsePortForwards([text]);
  return { ...forward!, hostPort: forward!.hostPort!, ephemeral };
};
const ports = (wanted: string[], made: BoundForward[]): (number | undefined)[] =>
  pairForwards(parsePortForwards(wanted), made).map((forward) => forward?.hostPort);

it('gives two forwards of one guest port a host port each', () => {
  expect(ports(['80', '80'], [bound('1001:80'), bound('1002:80')])).toEqual([1001, 1002]);
  expect(ports(['80', '80', '80'], [bound('1001:80'), bound('1002:80')])).toEqual([1001, 1002, undefined]);
  expect(ports(['80'], [bound('1001:80'), bound('1002:80')])).toEqual([1001]);
});

it.each([
  ['another guest port', ['81'], bound('1001:80')],
  ['another protocol', ['80/udp'], bound('1001:80')],
  ['another address', ['127.0.0.2::80'], bound('1001:80')],
  ['a host port that the user gave', ['80'], bound('1001:80', false)],
  ['a host port that vmlet chose', ['1001:80'], bound('1001:80')],
  ['another host port', ['1002:80'], bound('1001:80', false)],
])('does not reuse a host port with %s', (_, wanted, made) => {
  expect(ports(wanted, [made])).toEqual([undefined]);
});

it('distinguishes chosen from given host ports, in any order', () => {
  const made = [bound('1001:80'), bound('1002:80', false), bound('1003:53/udp')];
  expect(ports(['53/udp', '1002:80', '80'], made)).toEqual([1003, 1002, 1001]);
});
