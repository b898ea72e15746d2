import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { temporaryFolder } from '../../../../fixtures/agent/agent-process.ts';
import { run } from '../../../../src/process/run.ts';
import { Scope } from '../../../../src/util/scope.ts';

const ROOT = join(import.meta.dirname, '../../../..');
const NATIVE = join(ROOT, 'native');

/** A card that is up, with a cable. */
const CARD = String.raw`
set -eu
mount -t tmpfs none /run
ip link add card address 52:54:00:00:00:01 type veth peer name other
ip link set other up
`;

/**
 * A link that a network manager set up, in a namespace of its own. When the link comes up again, the manager adds the
 * default route only at the second time, as systemd-networkd sometimes does.
 */
const MANAGED = String.raw`
mkdir -p /run/systemd/netif/links
ip link set card up
ip address add 10.0.2.15/24 dev card
ip route add default via 10.0.2.2 dev card
echo ADMIN_STATE=configured >/run/systemd/netif/links/$(ip -oneline link show card | cut -d : -f 1)
ip -oneline monitor link dev card | {
  was_up=yes times=0
  while read -r change; do
    case $change in *,UP,*|*,UP\>*) is_up=yes ;; *) is_up=no ;; esac
    if [ $is_up$was_up = yesno ]; then times=$((times + 1)); fi
    if [ $times = 2 ]; then ip route replace default via 10.0.2.2 dev card; fi
    was_up=$is_up
  done
} &
"$1" card 52:54:00:00:00:02
ip -brief link show dev card
`;

/** Functions of the scripts in which the agent configures the card. */
const CONFIGURE = String.raw`
has() { ip -oneline address show dev card | grep -q " $1 "; }
gets() { until has "$1"; do sleep 0.05; done; }
configure() {
  "$program" 52:54:00:00:00:01 10.9.0.2/24 fd12::2/64 >/run/errno &
  until [ -s /run/errno ]; do sleep 0.05; done
  cat /run/errno
}
program=$1
`;

/** As networkd does when it sets up a link. The second time is within the agent's pause. */
const REMOVED = String.raw`
configure
for time in 1 2; do
  ip address del fd12::2/64 dev card
  gets fd12::2/64
done
ip -oneline address show dev card scope global
`;

/** Nothing else ends a loop in a script. */
const LIMIT_MS = 60_000;

const scope = new Scope();
afterAll(async () => scope.close());

/** Builds a program of fixtures/agent with the agent's network sources. */
async function build(name: string, sources: readonly string[]): Promise<string> {
  const program = join(temporaryFolder(scope), name);
  const includes = ['agent/network', 'agent/system', 'shared/event', 'shared/wire'].map(
    (folder) => `-I${join(NATIVE, folder)}`,
  );
  const paths = ['shared/event/loop', ...sources].map((source) => join(NATIVE, `${source}.c`));
  const fixture = join(ROOT, `fixtures/agent/${name}.c`);
  await run(['cc', '-D_GNU_SOURCE', '-o', program, ...includes, fixture, ...paths]);
  return program;
}

const agent = (...names: string[]): string[] => names.map((name) => `agent/network/${name}`);

/** Runs the script in namespaces of its own, as their root. */
async function inNamespaces(script: string, program: string): Promise<string> {
  const namespaces = ['--user', '--map-root-user', '--net', '--mount', '--pid', '--fork', '--kill-child'];
  const argv = ['unshare', ...namespaces, 'sh', '-c', CARD + script, 'sh', program] as const;
  const { stdout } = await run(argv, { timeoutMs: LIMIT_MS });
  return stdout.toString();
}

describe('a link that a network manager sets up', () => {
  it('goes down and up again when it has no default route after it came up', async () => {
    const program = await build('restart-link', [
      ...agent('link', 'netlink', 'renewal', 'tcp'),
      'agent/system/text_file',
    ]);
    expect(await inNamespaces(MANAGED, program)).toMatch(/^0\ncard.* 52:54:00:00:00:02 /);
  });
});

describe('a link that the agent configures in a full system', () => {
  let program: string;
  beforeAll(async () => {
    program = await build('configure-link', [
      ...agent('address', 'kept', 'link', 'netlink', 'network', 'renewal', 'resolver', 'tcp'),
      'agent/system/hosts',
      'agent/system/system',
      'agent/system/text_file',
      'shared/wire/fields',
    ]);
  });

  it('gets its IPv6 address again whenever a program removes it', async () => {
    const printed = await inNamespaces(CONFIGURE + REMOVED, program);
    expect(printed).toMatch(/^0\n[^]* 10\.9\.0\.2\/24 [^]* fd12::2\/64 /);
  });

  it.each([
    ['IPv6 is switched off', 'echo 1 >/proc/sys/net/ipv6/conf/card/disable_ipv6'],
    ['the MTU is too small for it', 'ip link set card mtu 1279'],
  ])('gets its IPv4 address where %s', async (_why, without) => {
    const script = `${without}\n${CONFIGURE}configure\nip -oneline address show dev card`;
    const printed = await inNamespaces(script, program);
    expect(printed).toMatch(/^0\n[^]* 10\.9\.0\.2\/24 /);
    expect(printed).not.toContain('fd12::2');
  });
});
