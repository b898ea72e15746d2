import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { VMLET } from '../../command.ts';
import { type Home, makeHome } from '../home.ts';

/** A host with its own network: a bridge, and a rule that permits guests to use it. */
const HOST = `
set -eu
mount -t sysfs none /sys
mount -t tmpfs none /etc/qemu
echo 'allow br-test' >/etc/qemu/bridge.conf
ip link add br-test type bridge
ip link set br-test up
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

function whyNot(): string | undefined {
  if (process.getuid?.() !== 0) return 'only root makes a bridge';
  if (!existsSync('/usr/lib/qemu/qemu-bridge-helper')) return 'qemu-bridge-helper is not installed';
  const { status, stderr } = spawnSync('unshare', ['-mn', 'sh', '-c', HOST], { encoding: 'utf8' });
  return status === 0 ? undefined : `no bridge can be made here: ${stderr.trim()}`;
}

const missing = whyNot();
if (missing !== undefined) console.warn(`skipped: ${missing}`);

describe.skipIf(missing !== undefined)('micro on a bridge', () => {
  let home: Home;
  beforeAll(async () => {
    home = await makeHome();
    // No repository is reachable there.
    expect(await home.vmlet('image', 'build', 'micro')).toMatchObject({ status: 0 });
  });
  afterAll(async () => home.close());

  test('requests an address, which vmlet ip shows even without an agent', () => {
    const { status, stdout, stderr } = spawnSync('unshare', ['-mn', 'sh', '-c', HOST + SCRIPT], {
      encoding: 'utf8',
      env: { ...home.environment, NODE: process.execPath, VMLET },
    });
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
});
