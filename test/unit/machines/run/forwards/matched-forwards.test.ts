import { expect, test } from 'vitest';
import { listedForwards, matchForwards } from '../../../../../src/machines/run/forwards/matched-forwards.ts';
import type { MachineSpec } from '../../../../../src/machines/spec/machine-spec.ts';
import type { BoundNetworkPlan } from '../../../../../src/network/plan/network.ts';
import type { BoundForward } from '../../../../../src/network/ports/port.ts';

const tcp = { protocol: 'tcp', hostAddress: '127.0.0.1' } as const;
const bound = (guestPort: number, hostPort: number): BoundForward => ({
  ...tcp,
  guestPort,
  hostPort,
  ephemeral: true,
});
const spec = { ports: [{ ...tcp, guestPort: 80 }] } as unknown as MachineSpec;
const [web, one, other] = [bound(80, 3000), bound(22, 3001), bound(22, 3002)];

test('the forward for ssh of the start is known, and one of an interrupted change is not', () => {
  expect(matchForwards(spec, [web, one, other], true)).toMatchObject({ known: [web, one], unknown: [other] });
  // Where the start has added none, each is of a change.
  expect(matchForwards(spec, [web, one], false)).toMatchObject({ known: [web], unknown: [one] });
  expect(matchForwards(spec, [web, one], false).pairs).toEqual([{ stored: spec.ports[0], bound: web }]);
});

test('only the forward for ssh of the start is listed as automatic', () => {
  const network = { forwards: [web, one, other] } as unknown as BoundNetworkPlan;
  const automatic = (addsSsh: boolean): (true | undefined)[] =>
    listedForwards(spec, { network: { ...network, addsSsh }, relay: undefined }).map(
      (forward) => forward.automatic,
    );
  expect(automatic(true)).toEqual([undefined, true, undefined]);
  expect(automatic(false)).toEqual([undefined, undefined, undefined]);
});
