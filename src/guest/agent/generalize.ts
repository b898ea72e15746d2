import { GuestSetupError } from '../../errors/index.ts';
import type { TrustedChannel } from '../ssh/ssh-provision.ts';

/** Ends with all data written to the disk. Every step can be repeated. */
const GENERALIZE = String.raw`
set -eu
has() { command -v "$1" >/dev/null; }

# Data written during shutdown would again belong to the old machine: the journal continues in memory, and
# stopping one of the next two writes its file.
if has journalctl && [ -d /run/systemd/system ]; then journalctl --relinquish-var || :; fi
if has systemctl && [ -d /run/systemd/system ]; then
  systemctl --quiet stop systemd-random-seed.service || :
  systemctl --quiet stop rsyslog.service syslog.socket 2>/dev/null || :
elif has rc-service; then
  for service in seedrng urandom syslog; do rc-service --quiet --ifstarted "$service" stop || :; done
fi

# Removes the data of the first boot, including keys and passwords. Otherwise the id of a new instance would repeat the
# first boot, with the old user-data beside the new.
# Skipped if cloud-init has not run: the command takes seconds.
if has cloud-init && [ -d /var/lib/cloud ]; then cloud-init clean --logs >/dev/null; fi
# Alpine's tiny-cloud checks the first of these, and reads the others as its user-data.
(cd /var/lib/cloud 2>/dev/null && rm -f .bootstrap-complete .nocloud_loaded meta-data user-data vendor-data network-config) || :
rm -f /var/log/tiny-cloud.log

# Networks written by cloud-init contain the old card's address. Not every version removes them when cleaning.
rm -f /etc/netplan/50-cloud-init.yaml /etc/network/interfaces.d/50-cloud-init* \
  /etc/systemd/network/10-cloud-init-* \
  /etc/NetworkManager/system-connections/cloud-init-*
for file in /etc/sysconfig/network-scripts/ifcfg-* /etc/sysconfig/network/ifcfg-* /etc/udev/rules.d/70-persistent-net.rules; do
  if [ -f "$file" ] && grep -qi 'created by cloud-init' "$file"; then rm -f "$file"; fi
done
# Our own record of the card.
rm -f /var/lib/vmlet/card

# With these, a DHCP server would take all new machines for one.
rm -rf /var/lib/dhcp/*.lease* /var/lib/dhclient/*.lease* /var/lib/dhcpcd/* /var/lib/NetworkManager/*.lease \
  /var/lib/NetworkManager/secret_key /var/lib/NetworkManager/timestamps /var/lib/wicked/*.xml

# Everyone with the image could impersonate its machines. sshd's start, or the seed, generates new keys.
rm -f /etc/ssh/ssh_host_*_key /etc/ssh/ssh_host_*_key.pub
# systemd's secret for encrypted credentials.
rm -f /var/lib/systemd/credential.secret
# All machines would start with the same random numbers.
rm -f /var/lib/systemd/random-seed /var/lib/urandom/random-seed /var/lib/misc/random-seed /var/lib/seedrng/seed.* \
  /boot/loader/random-seed /boot/efi/loader/random-seed /efi/loader/random-seed

# Machines with the same id get the same addresses, and their logs are indistinguishable. systemd generates a new id when
# the file is empty; without the file it would reset all units to their packages' presets. Other systems need the file to
# be missing. It may be mounted over, if the id was unknown at the first boot.
umount /etc/machine-id 2>/dev/null || :
if [ -d /run/systemd/system ]; then : >/etc/machine-id; else rm -f /etc/machine-id; fi
if [ ! -L /var/lib/dbus/machine-id ]; then rm -f /var/lib/dbus/machine-id; fi

# Logs belong to the old machine. Files that programs may have open are truncated, which keeps owners and modes.
rm -rf /var/log/journal/*
find /var/log -xdev -type f \( -name '*.gz' -o -name '*.xz' -o -name '*.zst' -o -name '*.[0-9]' -o -name '*.old' -o -name '*-20[0-9][0-9][0-9][0-9][0-9][0-9]' \) -exec rm -f {} +
find /var/log -xdev -type f -exec sh -c 'for file; do : >"$file"; done' sh {} +
# Login records of newer systems.
rm -f /var/lib/wtmpdb/wtmp.db /var/lib/lastlog/lastlog2.db
rm -f /root/.bash_history /root/.ash_history

# Installed packages remain; their archives would only enlarge the image.
rm -f /var/cache/apt/archives/*.deb /var/cache/apt/archives/partial/* /var/cache/apt/*.bin /var/cache/pacman/pkg/*.pkg.*
find /var/cache/dnf /var/cache/yum /var/cache/libdnf5 /var/cache/PackageKit /var/cache/zypp/packages -xdev \
  \( -name '*.rpm' -o -name '*.solv' -o -name '*.solvx' \) -type f -exec rm -f {} + 2>/dev/null || :

# Blocks of removed files stay on the disk until the host is told that they are unused.
sync
if has fstrim; then
  while read -r _ place kind _; do
    case $kind in ext4 | xfs | btrfs | f2fs | vfat) fstrim "$place" 2>/dev/null || : ;; esac
  done </proc/mounts
fi
sync
`;

/**
 * Removes from a guest everything that each machine must have for itself, as the last step before it powers off and its
 * disk becomes an image: identity, secrets, seed data and logs. It keeps its accounts with their authorized keys (a seed
 * for root creates none), its host name, which a seed sets again, and vmlet's agent. Started without a seed, the image
 * has no network configured by cloud-init.
 * @throws GuestSetupError, or what the channel throws.
 */
export async function generalizeGuest(
  channel: TrustedChannel,
  options: { readonly signal?: AbortSignal | undefined } = {},
): Promise<void> {
  const { exitCode, stderr } = await channel.exec(['sh', '-c', GENERALIZE], options);
  if (exitCode === 0) return;
  throw new GuestSetupError(
    'removing the machine id, ssh host keys, logs and data of cloud-init',
    exitCode,
    Buffer.from(stderr).toString(),
  );
}
