import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { probeHost } from '../../../../src/host/probe.ts';
import { ownLocations } from '../../../../src/machine/paths/own-locations.ts';
import { VMLET } from '../../command.ts';
import { type Home, makeHome } from '../home.ts';

// A test starts up to four machines, and restarts some.
vi.setConfig({ testTimeout: 600_000, hookTimeout: 600_000 });

/** A host with its own network: bridges, and rules that permit guests to use them. */
const HOST = `
set -eu
n=0
mount -t sysfs none /sys
mount -t tmpfs none /etc/qemu
ip link set lo up
for bridge in br-test br-two; do
  echo "allow $bridge" >>/etc/qemu/bridge.conf
  # Otherwise it changes with the ports, and guests send to the former one for up to a minute.
  n=$((n + 1))
  ip link add $bridge address 02:00:00:00:00:0$n type bridge
  ip link set $bridge up
done
`;

/** The second guest gets its address from the first one's DHCP server. */
const SCRIPT = `
vmlet() { "$NODE" "$VMLET" "$@"; }
vmlet create server --image micro --net bridge=br-test --start
vmlet exec server sh -ec '
  ip addr add 10.77.0.2/24 dev eth0
  ip link set eth0 up
  printf "%s\\n" "start 10.77.0.50" "end 10.77.0.59" "interface eth0" "lease_file /run/leases" >/run/dhcp
  touch /run/leases
  udhcpd -S /run/dhcp </dev/null >/dev/null 2>&1'
vmlet create client --image micro --net bridge=br-test --mac $(vmlet inspect server --format '{{.Spec.Mac}}') || echo "taken: $?"
vmlet create client --image micro --net bridge=br-test --mac 52:54:00:aa:bb:01 --start
vmlet set server --mac 52:54:00:aa:bb:01 || echo "taken: $?"
vmlet exec client cat /sys/class/net/eth0/address
until vmlet ip client 2>/dev/null | grep '^10[.]77'; do sleep 0.2; done
vmlet exec client ping -c 1 -W 5 10.77.0.2
vmlet exec client sh -c 'ip link set eth0 down; ip addr flush dev eth0'
vmlet ip client || echo "no address: $?"
vmlet kill server client >/dev/null
`;

/** The guest has the MTU of its bridge from its start on. Saved memory keeps that of its time. */
const MTU_SCRIPT = `
vmlet() { "$NODE" "$VMLET" "$@"; }
mtu() { vmlet exec jumbo cat /sys/class/net/eth0/mtu; }
ip link set br-test mtu 9000
ip address add 10.77.0.1/24 dev br-test
vmlet create jumbo --image micro --net bridge=br-test --start
mtu
vmlet exec jumbo sh -ec 'ip addr add 10.77.0.2/24 dev eth0; ip link set eth0 up'
vmlet exec jumbo ping -q -c 1 -W 5 -s 8900 10.77.0.1
vmlet set jumbo --net bridge=br-test:mtu=9001 || echo "too large: $?"
vmlet save jumbo
ip link set br-test mtu 1500
vmlet start jumbo
mtu
vmlet snapshot jumbo before
vmlet set jumbo --net bridge=br-test:mtu=1400
vmlet restart jumbo
mtu
vmlet stop jumbo
vmlet snapshot restore jumbo before
mtu
vmlet kill jumbo >/dev/null
`;

/**
 * A machine with forwards and two cards on bridges, which joins a private network while it runs, and one with a card on a
 * bridge but no first card.
 */
const SEVERAL_SCRIPT = `
vmlet() { "$NODE" "$VMLET" "$@"; }
page() { "$NODE" -e 'fetch("http://127.0.0.1:8080/").then((answer) => answer.text()).then(console.log)'; }
ip address add 10.76.0.1/24 dev br-test
ip link set br-two mtu 1400
vmlet create leases --image micro --net none --net bridge=br-two --start
vmlet exec leases sh -ec '
  ip addr add 10.77.0.2/24 dev eth0
  printf "%s\\n" "start 10.77.0.50" "end 10.77.0.59" "interface eth0" "lease_file /run/leases" \\
    "option router 10.77.0.2" "option dns 10.77.0.2" >/run/dhcp
  touch /run/leases
  udhcpd -S /run/dhcp </dev/null >/dev/null 2>&1'
vmlet create several --image micro --net slirp --net bridge=br-test --net bridge=br-two:mac=52:54:00:AA:bb:02 -p 8080:80 --start
vmlet create other --image micro --net none --net bridge=br-two:mac=52:54:00:aa:bb:02 || echo "taken: $?"
echo "cards: $(vmlet exec several cat /sys/class/net/eth2/address /sys/class/net/eth2/mtu /sys/class/net/eth1/mtu | xargs)"
until vmlet ip several 2>/dev/null | grep -q '^10[.]77'; do sleep 0.2; done
echo "addresses: $(vmlet ip several 2>/dev/null | grep -v : | xargs)"
echo "routes: $(vmlet exec several ip -4 route show default | cut -d' ' -f3,5 | xargs)"
echo "servers: $(vmlet exec several grep nameserver /etc/resolv.conf | xargs)"
vmlet exec several sh -ec 'ip addr add 10.76.0.2/24 dev eth1; mkdir /run/web; echo hello >/run/web/index.html; httpd -h /run/web'
# A bridge without other ports is down for a moment after it gets one.
reaches() { vmlet exec several sh -c "until ping -q -c 1 -W 2 $1; do :; done" >/dev/null; }
all() {
  reaches 10.76.0.1
  reaches 10.77.0.2
  echo "$1: $(page)"
}
all started
# Debian 12's QEMU cannot connect a running machine.
if [ "$CONNECTS" = yes ]; then
  vmlet network create lan
  vmlet network connect lan several
fi
member() {
  test "$CONNECTS" = no || vmlet run --net none --network lan micro -- sh -c 'until ping -q -c 1 -W 2 several; do :; done' >/dev/null
  all "$1"
}
member connected
vmlet save several
ip link set br-two mtu 1500
vmlet start several
member resumed
echo "kept: $(vmlet exec several cat /sys/class/net/eth2/mtu)"
vmlet snapshot several before
vmlet kill several
vmlet snapshot restore several before
member restored
vmlet stop several
vmlet clone several twin
vmlet start twin
until vmlet ip twin 2>/dev/null | grep -q '^10[.]77'; do sleep 0.2; done
echo "twin: $(vmlet exec twin cat /sys/class/net/eth2/mtu) $(vmlet exec twin cat /sys/class/net/eth1/address /sys/class/net/eth2/address | sort -u | grep -vc aa:bb:02)"
vmlet kill leases twin >/dev/null
`;

function whyNot(): string | undefined {
  if (process.getuid?.() !== 0) return 'only root makes a bridge';
  if (!existsSync('/usr/lib/qemu/qemu-bridge-helper')) return 'qemu-bridge-helper is not installed';
  const { status, stderr } = spawnSync('unshare', ['-mn', 'sh', '-c', HOST], { encoding: 'utf8' });
  return status === 0 ? undefined : `no bridge can be made here: ${stderr.trim()}`;
}

const { qemu } = await probeHost({ cacheDirectory: ownLocations().cache });
const missing = whyNot();
if (missing !== undefined) console.warn(`skipped: ${missing}`);

const inNetwork = (home: Home, script: string) =>
  spawnSync('unshare', ['-mn', 'sh', '-c', HOST + script], {
    encoding: 'utf8',
    // Nothing else ends a loop in the script: the worker waits for it.
    timeout: 500_000,
    env: {
      ...home.environment,
      NODE: process.execPath,
      VMLET,
      CONNECTS: qemu.hasStreamReconnect ? 'yes' : 'no',
    },
  });

describe.skipIf(missing !== undefined)('micro on a bridge', () => {
  let home: Home;
  beforeAll(async () => {
    home = await makeHome();
    // No repository is reachable there.
    expect(await home.vmlet('image', 'build', 'micro')).toMatchObject({ status: 0 });
  });
  afterAll(async () => home.close());

  test('requests an address, which vmlet ip shows even without an agent', () => {
    const { status, stdout, stderr } = inNetwork(home, SCRIPT);
    expect({ status, stdout }, stderr).toEqual({
      status: 0,
      stdout: expect.stringMatching(
        /^server\ntaken: 125\nclient\ntaken: 125\n52:54:00:aa:bb:01\n10\.77\.0\.5\d\nPING 10\.77\.0\.2 [^]*1 packets received[^]*\nno address: 125\n$/,
      ) as string,
    });
    expect(stderr).toContain('--mac: 52:54:00:aa:bb:01 is taken by machine "client" on bridge "br-test"');
    expect(stderr).toMatch(/--mac: \S+ is taken by machine "server" on bridge "br-test"/);
    expect(stderr).toContain('machine "client" has no known address yet\n  the agent reports no address: ');
  });

  test('can be on several, beside a card with forwards', () => {
    const { status, stdout, stderr } = inNetwork(home, SEVERAL_SCRIPT);
    const lines = stdout.split('\n').filter((line) => /^(?!vmlet)[a-z]+: /.test(line));
    expect({ status, lines }, stdout + stderr).toEqual({
      status: 0,
      lines: [
        'taken: 125',
        'cards: 52:54:00:aa:bb:02 1400 1500',
        expect.stringMatching(/^addresses: 10\.0\.2\.15 10\.77\.0\.5\d$/) as string,
        'routes: 10.0.2.2 eth0 10.77.0.2 eth2',
        'servers: nameserver 10.0.2.3',
        'started: hello',
        'connected: hello',
        'resumed: hello',
        'kept: 1400',
        'restored: hello',
        'twin: 1500 2',
      ],
    });
    expect(stderr).toContain('--net: 52:54:00:aa:bb:02 is taken by machine "several" on bridge "br-two"');
  });

  test('has the MTU of the bridge, and after a resume that of its memory', () => {
    const { status, stdout, stderr } = inNetwork(home, MTU_SCRIPT);
    expect(stderr).toContain('--net: bridge "br-test" has MTU 9000, which is less than 9001');
    const lines = stdout.split('\n').filter((line) => /^\d+$|packets received|too large/.test(line));
    expect({ status, lines }, stdout + stderr).toEqual({
      status: 0,
      lines: [
        '9000',
        expect.stringContaining('1 packets received') as string,
        'too large: 125',
        '9000',
        '1400',
        '9000',
      ],
    });
  });
});
