import { expect, test } from 'vitest';
import type { NamedPlan } from '../../../../src/machine/plan/named-plan.ts';
import { witnessForward } from '../../../../src/machines/spec/forwards.ts';
import type { BoundForward, Protocol } from '../../../../src/network/ports/port.ts';

const forward = (guestPort: number, protocol: Protocol = 'tcp'): BoundForward => ({
  ...{ protocol, hostAddress: '127.0.0.1', hostPort: 10_000 + guestPort, guestPort, ephemeral: true },
});

function planOf(network: readonly BoundForward[], ports: readonly BoundForward[]): NamedPlan {
  return { network: { forwards: network }, relay: { ports } } as unknown as NamedPlan;
}

test.each([
  ['of the network, for one of the network', [forward(80), forward(22)], [forward(81)], 80, 22],
  ['over the agent, for one over the agent', [forward(22)], [forward(80), forward(81)], 80, 81],
  ['none: the other one takes another way', [forward(80)], [forward(81)], 80, undefined],
  ['none: the other one takes another way', [forward(22)], [forward(80)], 80, undefined],
  ['none: the other one is not TCP', [forward(80), forward(53, 'udp')], [], 80, undefined],
  ['any, for the address on a bridge', [forward(22)], [], 80, 22],
])('a witness is %s', (_what, network, ports, guestPort, witness) => {
  expect(witnessForward(planOf(network, ports), guestPort)?.guestPort).toBe(witness);
});
