import type { CpioEntry } from '../formats/cpio.ts';
import { STAY_PATH, STAY_SCRIPT } from './stay-script.ts';

const directory = (path: string, mode = 0o755): CpioEntry => ({ type: 'directory', path, mode });
const symlink = (path: string, target: string): CpioEntry => ({ type: 'symlink', path, target });
const file = (path: string, text: string, mode = 0o644): CpioEntry => ({
  type: 'file',
  path,
  mode,
  data: Buffer.from(text),
});

/** Run by busybox udhcpc, with the DHCP server's answer in variables; see its documentation of "-s". */
const DHCP_SCRIPT = `#!/bin/sh
case "$1" in
deconfig)
  ip link set dev "$interface" up
  ip -4 addr flush dev "$interface"
  ;;
bound | renew)
  ip -4 addr replace "$ip/\${mask:-24}" dev "$interface"
  # The first of several cards has the lowest number, and vmlet's own route the metric 0.
  for gateway in $router; do
    ip -4 route replace default via "$gateway" dev "$interface" metric "$(cat "/sys/class/net/$interface/ifindex")"
    break
  done
  # Its name servers are those of the card with the default route.
  other=$(ip -4 route | sed -n 's/^default .*dev \\([^ ]*\\).*/\\1/p' | head -n 1)
  if [ -n "$dns" ] && [ "\${other:-$interface}" = "$interface" ]; then
    {
      test -z "$search$domain" || echo "search \${search:-$domain}"
      for server in $dns; do echo "nameserver $server"; done
    } >"/etc/resolv.conf.$interface" && mv "/etc/resolv.conf.$interface" /etc/resolv.conf
  fi
  ;;
esac
`;

const PROFILE = `export PATH=/bin:/sbin:/usr/bin:/usr/sbin
export PS1='\\u@\\h:\\w\\$ '
alias ll='ls -l'
`;

/** micro's initramfs without the agent, busybox and the modules. All programs are in one directory (merged /usr). */
export const MICRO_TREE: readonly CpioEntry[] = [
  // The mode of the root directory, which the kernel creates writable for everyone.
  directory('.'),
  directory('bin'),
  directory('dev'),
  // Without it, init would start without standard streams: init itself mounts devtmpfs.
  { type: 'character-device', path: 'dev/console', mode: 0o600, major: 5, minor: 1 },
  directory('etc'),
  file('etc/group', 'root:x:0:\ntty:x:5:\nusers:x:100:\nnogroup:x:65534:\n'),
  file('etc/hosts', '127.0.0.1 localhost\n::1 localhost ip6-localhost\n'),
  file('etc/os-release', 'NAME="vmlet micro"\nID=vmlet-micro\nPRETTY_NAME="vmlet micro"\n'),
  file('etc/passwd', 'root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/:/bin/false\n'),
  file('etc/profile', PROFILE),
  file('etc/shadow', 'root:*:::::::\nnobody:*:::::::\n', 0o600),
  file('etc/shells', '/bin/sh\n/bin/ash\n'),
  directory('etc/udhcpc'),
  file('etc/udhcpc/default.script', DHCP_SCRIPT, 0o755),
  file(STAY_PATH, STAY_SCRIPT, 0o755),
  directory('home'),
  directory('lib'),
  directory('lib/modules'),
  directory('mnt'),
  directory('proc'),
  directory('root', 0o700),
  directory('run'),
  symlink('sbin', 'bin'),
  directory('sys'),
  directory('tmp', 0o1777),
  directory('usr'),
  symlink('usr/bin', '../bin'),
  symlink('usr/lib', '../lib'),
  symlink('usr/sbin', '../bin'),
  directory('var'),
  directory('var/log'),
  symlink('var/run', '../run'),
  directory('var/tmp', 0o1777),
];
