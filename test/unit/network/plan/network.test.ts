import { describe, expect, it } from 'vitest';
import { InvalidInputError } from '../../../../src/errors/index.ts';
import {
  type BoundNetworkPlan,
  type HostNetwork,
  type NetworkBackend,
  chooseBackend,
  planNetwork,
  withMac,
} from '../../../../src/network/plan/network.ts';
import { passtArguments } from '../../../../src/passt/passt-argv.ts';
import { type BoundForward, parsePortForwards } from '../../../../src/network/ports/port.ts';
import { qemuNetwork, reconnectionOf } from '../../../../src/network/card/qemu-network.ts';

const passt = { path: '/usr/bin/passt', hasFd: true, hasVhostUser: true, completesHandshakes: true };
const host: HostNetwork = { ipv6Interface: 'eth9', nameservers: ['192.0.2.53', '2001:db8::53'] };
const ipv4Host: HostNetwork = { ipv6Interface: undefined, nameservers: [] };

function plan(
  backend: NetworkBackend,
  ports: readonly string[] = [],
  on: HostNetwork = host,
): BoundNetworkPlan {
  const forwards: BoundForward[] = parsePortForwards(ports).map((forward) => ({
    ...forward,
    hostPort: forward.hostPort ?? 40_000,
    ephemeral: forward.hostPort === undefined,
  }));
  return { ...planNetwork(backend, forwards, passt, on), forwards };
}

describe('chooseBackend', () => {
  it.each([
    ['auto', passt, true, 'passt-vhost-user'],
    ['auto', passt, false, 'passt-stream'],
    ['passt', { ...passt, hasVhostUser: false }, true, 'passt-stream'],
    ['auto', { ...passt, hasFd: false }, true, 'slirp'],
    ['auto', undefined, true, 'slirp'],
    ['slirp', passt, true, 'slirp'],
    ['auto', { ...passt, problem: 'no namespaces' }, true, 'slirp'],
    // If requested by name, passt itself reports its problem.
    ['passt', { ...passt, problem: 'no namespaces' }, true, 'passt-vhost-user'],
  ] as const)('%s with %j, shared memory %s: %s', (wanted, abilities, shared, backend) => {
    expect(chooseBackend(wanted, abilities, shared, [{ protocol: 'tcp' }])).toBe(backend);
  });

  it('auto is slirp for TCP forwards if passt does not complete handshakes, and passt otherwise', () => {
    const old = { ...passt, completesHandshakes: false };
    expect(chooseBackend('auto', old, false, [{ protocol: 'udp' }, { protocol: 'tcp' }])).toBe('slirp');
    expect(chooseBackend('auto', old, false, [{ protocol: 'udp' }])).toBe('passt-stream');
    expect(chooseBackend('auto', old, false, [])).toBe('passt-stream');
    expect(chooseBackend('passt', old, false, [{ protocol: 'tcp' }])).toBe('passt-stream');
  });

  it.each([
    [undefined, 'passt is not installed or not on your PATH'],
    [{ ...passt, hasFd: false }, 'passt at /usr/bin/passt is too old: it does not support --fd'],
  ])('rejects passt if it is %j', (abilities, problem) => {
    const choose = (): unknown => chooseBackend('passt', abilities, true, []);
    expect(choose).toThrow(InvalidInputError);
    expect(choose).toThrow(`net: ${problem}`);
    expect(choose).toThrow(
      expect.objectContaining({ hint: expect.stringContaining('use --net slirp') as string }),
    );
  });
});

describe('the guest has the same network with each backend', () => {
  it('with IPv6 if the backend has it', () => {
    const guest = {
      mac: '52:54:00:12:34:56',
      mtu: 65_520,
      addresses: ['10.0.2.15/24', 'fd76:6d6c:6574::15/64', 'fe80::15/64'],
      gateways: ['10.0.2.2', 'fd76:6d6c:6574::2'],
      dns: ['10.0.2.3'],
    };
    expect(plan('passt-vhost-user').guest).toEqual(guest);
    expect(plan('passt-stream').guest).toEqual(guest);
    expect(plan('slirp', [], ipv4Host).guest).toEqual({ ...guest, mtu: 1500 });
  });

  it('with IPv4 only if passt finds no IPv6', () => {
    const { guest } = plan('passt-stream', [], ipv4Host);
    expect(guest.addresses).toEqual(['10.0.2.15/24']);
    expect(guest.gateways).toEqual(['10.0.2.2']);
  });

  it('uses the IPv4 resolver if the host has an IPv4 nameserver or none, or if the guest has no IPv6', () => {
    const dnsOf = (nameservers: string[], ipv6Interface: string | undefined): readonly string[] =>
      plan('passt-stream', [], { ipv6Interface, nameservers }).guest.dns;
    expect(dnsOf(['2001:db8::53', '192.0.2.53'], 'eth9')).toEqual(['10.0.2.3']);
    expect(dnsOf([], 'eth9')).toEqual(['10.0.2.3']);
    expect(dnsOf(['2001:db8::53'], undefined)).toEqual(['10.0.2.3']);
  });

  it('uses the IPv6 resolver if the host has only IPv6 nameservers', () => {
    const onlyIpv6 = { ipv6Interface: 'eth9', nameservers: ['2001:db8::53'] };
    expect(plan('passt-stream', [], onlyIpv6).guest.dns).toEqual(['fd76:6d6c:6574::3']);
  });
});

describe('forwards that a backend does not support', () => {
  it.each<[NetworkBackend, string[], HostNetwork, RegExp]>([
    ['slirp', ['[::1]:8080:80'], host, /slirp can forward only IPv4/],
    ['passt-stream', ['[::1]:8080:80'], ipv4Host, /link-local IPv6 address/],
    ['passt-vhost-user', ['127.0.0.1:8080:80', '127.0.0.2:8080:81'], host, /two guest ports/],
  ])('%s: %j', (backend, ports, on, message) => {
    expect(() => plan(backend, ports, on)).toThrow(InvalidInputError);
    expect(() => plan(backend, ports, on)).toThrow(message);
  });

  it('are named, with a hint', () => {
    const failing = (backend: NetworkBackend, ports: string[], on = ipv4Host) => {
      try {
        return plan(backend, ports, on);
      } catch (error) {
        return error;
      }
    };
    expect(failing('slirp', ['80:80', '[::1]:8080:80'])).toMatchObject({
      message: 'ports: "[::1]:8080:80/tcp": slirp can forward only IPv4',
      hint: 'use an IPv4 address, or use --net passt',
    });
    expect(failing('passt-stream', ['[::1]:8080:80'])).toMatchObject({
      hint: 'use an IPv4 address, or enable IPv6 on a network interface of the host',
    });
    expect(failing('passt-stream', ['8080:80', '127.0.0.2:8080:81'])).toMatchObject({
      message: expect.stringMatching(
        /^ports: "127.0.0.2:8080:81\/tcp" and "127.0.0.1:8080:80\/tcp" map the same host port number/,
      ) as string,
      hint: 'choose different host port numbers, or use --net slirp',
    });
  });

  it('do not include one host port at two addresses or for two protocols with passt', () => {
    const ports = ['127.0.0.1:8080:80', '127.0.0.2:8080:80', '8080:53/udp', '[::1]:8080:80'];
    expect(plan('passt-stream', ports).forwards).toHaveLength(4);
    // The port that will be chosen is not known yet.
    const open = parsePortForwards(['127.0.0.1::80', '127.0.0.2::81']);
    expect(planNetwork('passt-stream', open, passt, host).forwards).toEqual(open);
  });

  it.each([
    [undefined, 'or install passt and use --net passt'],
    [{ ...passt, hasFd: false }, 'or upgrade passt and use --net passt'],
    [{ ...passt, problem: 'no namespaces' }, 'or repair passt (see vmlet doctor) and use --net passt'],
    [passt, 'or use --net passt'],
    [
      { ...passt, completesHandshakes: false },
      'or use --net passt; on this host, it does not support servers that send data first, such as ssh servers',
    ],
  ])('slirp and IPv6, with %j: %s', (abilities, hint) => {
    const forwards = parsePortForwards(['[::1]:8080:80']);
    expect(() => planNetwork('slirp', forwards, abilities, host)).toThrow(
      expect.objectContaining({
        hint: `use an IPv4 address, ${hint}`,
      }),
    );
  });

  it('slirp supports one host port number for two guest ports', () => {
    expect(plan('slirp', ['127.0.0.1:8080:80', '127.0.0.2:8080:81']).forwards).toHaveLength(2);
  });
});

it('only passt is a separate program, and only slirp reaches the host’s loopback', () => {
  expect(plan('passt-stream')).toMatchObject({
    backend: 'passt-stream',
    passtPath: '/usr/bin/passt',
    templateInterface: 'eth9',
    reachesHostLoopback: false,
  });
  expect(plan('slirp', [], ipv4Host)).toMatchObject({
    backend: 'slirp',
    passtPath: undefined,
    templateInterface: 'lo',
    reachesHostLoopback: true,
  });
  expect(planNetwork('passt-stream', [], undefined, host).passtPath).toBeUndefined();
});

it('another MAC address changes only the card', () => {
  const network = plan('passt-stream', ['8080:80']);
  expect(withMac(network, undefined)).toEqual(network);
  expect(withMac(network, '52:54:00:00:00:01')).toEqual({
    ...network,
    guest: { ...network.guest, mac: '52:54:00:00:00:01' },
  });
});

describe('passtArguments', () => {
  it('state every address, and keep the guest off the host’s loopback', () => {
    const argv = passtArguments(plan('passt-vhost-user', ['8080:80', '[::1]:8081:81', '5353:53/udp']));
    expect(argv.join(' ')).toBe(
      '--foreground --vhost-user --fd 3 --interface eth9 --mac-addr 9a:55:9a:55:9a:55 ' +
        '--address 10.0.2.15 --netmask 24 --gateway 10.0.2.2 --address fd76:6d6c:6574::15 --gateway fd76:6d6c:6574::2 --dns-forward 10.0.2.3 --mtu 65520 --no-map-gw ' +
        '--tcp-ports 127.0.0.1/8080:80 --tcp-ports ::1/8081:81 --udp-ports 127.0.0.1/5353:53',
    );
  });

  it('forward only requested ports, over a stream on a host without IPv6', () => {
    expect(passtArguments(plan('passt-stream', [], ipv4Host)).join(' ')).toBe(
      '--foreground --fd 3 --interface lo --mac-addr 9a:55:9a:55:9a:55 ' +
        '--address 10.0.2.15 --netmask 24 --gateway 10.0.2.2 --ipv4-only --dns-forward 10.0.2.3 --mtu 65520 --no-map-gw ' +
        '--tcp-ports none --udp-ports none',
    );
  });
});

describe('a dry run, over a path', () => {
  it('passt listens for one QEMU, and QEMU connects', () => {
    const argv = passtArguments(plan('passt-stream'), { kind: 'listening', path: '/run/net' }).join(' ');
    expect(argv).toContain('--one-off --socket /run/net');
    expect(argv).not.toContain('--fd');
    const { netdev } = qemuNetwork(plan('passt-stream'), { socketPath: '/run/net', descriptor: undefined });
    expect(netdev).toMatchObject({ addr: { type: 'unix', path: '/run/net' } });
  });
});

describe('qemuNetwork', () => {
  const wiring = { socketPath: '/run/a,b/net', descriptor: 7 };

  it('vhost-user connects to a path and needs shared memory', () => {
    const qemu = qemuNetwork(plan('passt-vhost-user'), wiring);
    expect(qemu.chardev).toEqual({
      backend: 'socket',
      options: { id: 'network-passt', path: '/run/a,b/net' },
    });
    expect(qemu.netdev).toEqual({ type: 'vhost-user', id: 'network', chardev: 'network-passt' });
    expect(qemu.needsSharedMemory).toBe(true);
  });

  it('a stream inherits a descriptor', () => {
    const qemu = qemuNetwork(plan('passt-stream'), wiring);
    expect(qemu.netdev).toMatchObject({ type: 'stream', server: false, addr: { type: 'fd', str: '7' } });
    expect(qemu.needsSharedMemory).toBe(false);
  });

  it.each([
    [{ 'reconnect-ms': 10 }, { server: false, 'reconnect-ms': 10 }],
    [{ reconnect: 1 }, { server: false, reconnect: 1 }],
    // QEMU before 8.0 cannot reconnect: it listens, and accepts the next connection.
    ['listens', { server: true }],
  ] as const)('a stream reconnects by %j', (again, option) => {
    const path = { socketPath: '/run/net', descriptor: undefined, again };
    expect(qemuNetwork(plan('passt-stream'), path).netdev).toEqual({
      type: 'stream',
      id: 'network',
      addr: { type: 'unix', path: '/run/net' },
      ...option,
    });
  });

  it.each([
    [true, true, { 'reconnect-ms': 10 }],
    [false, true, { reconnect: 1 }],
    [false, false, 'listens'],
  ] as const)(
    'a QEMU with reconnect-ms %s and reconnect %s',
    (hasReconnectMs, hasStreamReconnect, expected) => {
      expect(reconnectionOf({ hasReconnectMs, hasStreamReconnect })).toEqual(expected);
    },
  );

  it('slirp has the same addresses as passt', () => {
    const qemu = qemuNetwork(plan('slirp'), wiring);
    expect(qemu).toMatchObject({ chardev: undefined, needsSharedMemory: false });
    expect(qemu.netdev).toEqual({
      type: 'user',
      id: 'network',
      ipv4: true,
      net: '10.0.2.0/24',
      host: '10.0.2.2',
      dns: '10.0.2.3',
      dhcpstart: '10.0.2.15',
      ipv6: true,
      'ipv6-prefix': 'fd76:6d6c:6574::',
      'ipv6-prefixlen': 64,
      'ipv6-host': 'fd76:6d6c:6574::2',
      'ipv6-dns': 'fd76:6d6c:6574::3',
      hostfwd: [],
    });
  });

  it.each(['slirp', 'passt-stream', 'passt-vhost-user'] as const)('%s uses the planned card', (backend) => {
    expect(qemuNetwork(plan(backend), wiring).device).toEqual({
      driver: 'virtio-net-pci',
      id: 'network-device',
      netdev: 'network',
      mac: '52:54:00:12:34:56',
      romfile: '',
    });
  });

  it('slirp has its forwards in QEMU’s options', () => {
    const qemu = qemuNetwork(plan('slirp', ['8080:80', '0.0.0.0:5353:53/udp']), wiring);
    expect(qemu.netdev).toMatchObject({
      type: 'user',
      id: 'network',
      hostfwd: [{ str: 'tcp:127.0.0.1:8080-10.0.2.15:80' }, { str: 'udp:0.0.0.0:5353-10.0.2.15:53' }],
    });
  });
});
