import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { temporaryFolder } from '../../../fixtures/agent/agent-process.ts';
import { run } from '../../../src/process/run.ts';
import { Scope } from '../../../src/util/scope.ts';

const ROOT = join(import.meta.dirname, '../../..');
const NATIVE = join(ROOT, 'native');

/**
 * A link that a network manager set up, in a namespace of its own. When the link comes up again, the manager adds the
 * default route only at the second time, as systemd-networkd sometimes does.
 */
const SYSTEM = String.raw`
set -eu
mount -t tmpfs none /run
mkdir -p /run/systemd/netif/links
ip link add card address 52:54:00:00:00:01 type veth peer name other
ip link set other up
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

const scope = new Scope();
afterAll(async () => scope.close());

describe('a link that a network manager sets up', () => {
  it('goes down and up again when it has no default route after it came up', async () => {
    const program = join(temporaryFolder(scope), 'restart-link');
    const sources = ['link', 'netlink', 'renewal', 'tcp'].map((name) => `agent/network/${name}.c`);
    const includes = ['agent/network', 'shared/event', 'shared/wire'].map(
      (name) => `-I${join(NATIVE, name)}`,
    );
    const paths = ['shared/event/loop.c', ...sources].map((name) => join(NATIVE, name));
    await run([
      'cc',
      '-D_GNU_SOURCE',
      '-o',
      program,
      ...includes,
      join(ROOT, 'fixtures/agent/restart-link.c'),
      ...paths,
    ]);
    const namespaces = ['--user', '--map-root-user', '--net', '--mount', '--pid', '--fork', '--kill-child'];
    const { stdout } = await run(['unshare', ...namespaces, 'sh', '-c', SYSTEM, 'sh', program]);
    expect(stdout.toString()).toMatch(/^0\ncard.* 52:54:00:00:00:02 /);
  });
});
