import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { until } from '../../../until.ts';
import { dhcpRequest } from '../../../../fixtures/network/dhcp-request.ts';
import { type DhcpLease, DhcpServer } from '../../../../src/network/ethernet/dhcp-server.ts';
import { LENGTH_BYTES, parseHardwareAddress } from '../../../../src/network/ethernet/ethernet-frame.ts';
import { addressNumber, parseSubnet } from '../../../../src/network/ethernet/subnet.ts';
import { Scope } from '../../../../src/util/scope.ts';
import { temporaryDirectory } from '../../../directory.ts';
import { EVERYBODY, type FakeQemu, SwitchLab, mac } from './switch-lab.ts';

const [A, B, SMALL, UNKNOWN] = [mac(1), mac(2), mac(3), mac(4)];
const TABLE = [
  'subnet 10.77.0.0/22 10.77.0.1',
  'mtu 9000',
  `member a ${A} 10.77.0.2`,
  `member b ${B} -`,
  `member small ${SMALL} 10.77.0.3 latency=0 mtu=1400`,
];
const leases: ReadonlyMap<string, DhcpLease> = new Map([
  [parseHardwareAddress(A), { address: addressNumber('10.77.0.2'), mtu: 9000 }],
  [parseHardwareAddress(SMALL), { address: addressNumber('10.77.0.3'), mtu: 1400 }],
]);
const inProcess = new DhcpServer(
  { subnet: parseSubnet('10.77.0.0/22'), address: addressNumber('10.77.0.1') },
  (hardware) => leases.get(hardware),
);
const parent = temporaryDirectory();
let scope: Scope, lab: SwitchLab, a: FakeQemu, b: FakeQemu;

beforeEach(async () => {
  scope = new Scope();
  lab = new SwitchLab(parent, scope);
  lab.write(...TABLE);
  [a, b] = [await lab.plug('a', A), await lab.plug('b', B)];
});
afterEach(async () => scope.close());

describe('a DHCP client', () => {
  it.each([
    { what: 'discovers', asked: { type: 1, mac: A } },
    { what: 'has a card with an MTU of its own', asked: { type: 1, mac: SMALL } },
    { what: 'has an unknown card', asked: { type: 1, mac: UNKNOWN } },
    { what: 'has a card without an address', asked: { type: 1, mac: B } },
    { what: 'requests its address', asked: { type: 3, mac: A, requested: '10.77.0.2', server: '10.77.0.1' } },
    { what: 'renews its address', asked: { type: 3, mac: A, has: '10.77.0.2' } },
    { what: 'requests another address', asked: { type: 3, mac: A, requested: '192.168.0.7' } },
    { what: 'requests nothing', asked: { type: 3, mac: A } },
    {
      what: 'has chosen another server',
      asked: { type: 3, mac: A, requested: '10.77.0.2', server: '10.0.0.1' },
    },
    { what: 'releases', asked: { type: 7, mac: A } },
  ])('that $what gets the same answer as from the in-process switch', async ({ asked }) => {
    const request = dhcpRequest(asked);
    const reply = inProcess.answer(request);
    const [client, other] = asked.mac === B ? [b, a] : [a, b];
    client.socket.write(request);
    other.send(client.mac, 'end');
    await client.gets('end');
    const answers = client.received.filter((one) => one.toString('latin1', 18) !== 'end');
    expect(answers.map((one) => one.toString('hex'))).toEqual(reply ? [reply.toString('hex')] : []);
    // Other members may have a server of their own.
    await until(() => other.received.some((one) => one.equals(request)), { awaited: 'it is forwarded' });
  });

  it('gets the MTU of the network, and its current address in the table', async () => {
    await lab.reload(`member a ${A} 10.77.0.9`, 'mtu 9000', 'subnet 10.77.0.0/22 10.77.0.1');
    a.socket.write(dhcpRequest({ type: 1, mac: A }));
    await until(() => a.received.length === 1, { awaited: 'it is answered' });
    const message = a.received[0]?.subarray(LENGTH_BYTES + 14 + 20 + 8);
    expect(message?.subarray(16, 20).join('.')).toBe('10.77.0.9');
    // Neither a router nor a name server (options 3 and 6).
    expect(message?.toString('hex', 240)).toBe(
      '35010236040a4d00013304ffffffff0104fffffc001c040a4d03ff1a022328ff'.padEnd(120, '0'),
    );
  });

  it('is not answered without a subnet', async () => {
    await lab.reload(`member a ${A} 10.77.0.9`);
    a.socket.write(dhcpRequest({ type: 1, mac: A }));
    b.send(EVERYBODY, 'end');
    await a.gets('end');
    expect(a.received.length).toBe(1);
  });
});
