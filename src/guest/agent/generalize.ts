import { GuestSetupError } from '../../errors/index.ts';
import type { TrustedChannel } from '../ssh/ssh-provision.ts';

/** Ends with all that was written being on the disk. Each step can be done again. */
const GENERALIZE = String.raw`
set -eu
has() { command -v "$1" >/dev/null; }

# What is written to the disk while the system goes down would be the old machine's again: the journal goes on in
# memory, and of the next two, stopping one writes its file.
if has journalctl && [ -d /run/systemd/system ]; then journalctl --relinquish-var || :; fi
if has systemctl && [ -d /run/systemd/system ]; then
  systemctl --quiet stop systemd-random-seed.service || :
  systemctl --quiet stop rsyslog.service syslog.socket 2>/dev/null || :
elif has rc-service; then
  for service in seedrng urandom syslog; do rc-service --quiet --ifstarted "$service" stop || :; done
fi

# What it was told at its first boot, keys and passwords too. Without this a new instance's id would have it go
# through its first boot again, but with the old user-data beside the new.
# Where it has done nothing there is nothing to forget, and asking it takes seconds.
if has cloud-init && [ -d /var/lib/cloud ]; then cloud-init clean --logs >/dev/null; fi
# Alpine's tiny-cloud looks for the first of these, and takes the others for its user-data.
(cd /var/lib/cloud 2>/dev/null && rm -f .bootstrap-complete .nocloud_loaded meta-data user-data vendor-data network-config) || :
rm -f /var/log/tiny-cloud.log

# Networks that cloud-init wrote name the old card by its address. Not all versions of it remove them when told.
rm -f /etc/netplan/50-cloud-init.yaml /etc/network/interfaces.d/50-cloud-init* \
  /etc/systemd/network/10-cloud-init-* \
  /etc/NetworkManager/system-connections/cloud-init-*
for file in /etc/sysconfig/network-scripts/ifcfg-* /etc/sysconfig/network/ifcfg-* /etc/udev/rules.d/70-persistent-net.rules; do
  if [ -f "$file" ] && grep -qi 'created by cloud-init' "$file"; then rm -f "$file"; fi
done
# The same for our own note of it.
rm -f /var/lib/vmlet/card

# By these a DHCP server would take all new machines for the same one.
rm -rf /var/lib/dhcp/*.lease* /var/lib/dhclient/*.lease* /var/lib/dhcpcd/* /var/lib/NetworkManager/*.lease \
  /var/lib/NetworkManager/secret_key /var/lib/NetworkManager/timestamps /var/lib/wicked/*.xml

# Everyone who has the image could answer in the place of its machines. What starts sshd, or the seed, makes new ones.
rm -f /etc/ssh/ssh_host_*_key /etc/ssh/ssh_host_*_key.pub
# A secret, by which systemd encrypts.
rm -f /var/lib/systemd/credential.secret
# All machines would begin with the same random numbers.
rm -f /var/lib/systemd/random-seed /var/lib/urandom/random-seed /var/lib/misc/random-seed /var/lib/seedrng/seed.* \
  /boot/loader/random-seed /boot/efi/loader/random-seed /efi/loader/random-seed

# Two machines with the same one get the same addresses, and their logs cannot be told apart. systemd makes a new one
# where the file is empty; were it not there, it would set all units to what their packages want first. Others want it
# not to be there. Not known at the first boot, it is mounted over the file.
umount /etc/machine-id 2>/dev/null || :
if [ -d /run/systemd/system ]; then : >/etc/machine-id; else rm -f /etc/machine-id; fi
if [ ! -L /var/lib/dbus/machine-id ]; then rm -f /var/lib/dbus/machine-id; fi

# Logs are of a machine that is no more. Files that programs may hold open are emptied, with their owners and modes.
rm -rf /var/log/journal/*
find /var/log -xdev -type f \( -name '*.gz' -o -name '*.xz' -o -name '*.zst' -o -name '*.[0-9]' -o -name '*.old' -o -name '*-20[0-9][0-9][0-9][0-9][0-9][0-9]' \) -exec rm -f {} +
find /var/log -xdev -type f -exec sh -c 'for file; do : >"$file"; done' sh {} +
# Who has logged in, where newer systems keep it.
rm -f /var/lib/wtmpdb/wtmp.db /var/lib/lastlog/lastlog2.db
rm -f /root/.bash_history /root/.ash_history

# Packages are there already; the files that they came in make the image larger only.
rm -f /var/cache/apt/archives/*.deb /var/cache/apt/archives/partial/* /var/cache/apt/*.bin /var/cache/pacman/pkg/*.pkg.*
find /var/cache/dnf /var/cache/yum /var/cache/libdnf5 /var/cache/PackageKit /var/cache/zypp/packages -xdev \
  \( -name '*.rpm' -o -name '*.solv' -o -name '*.solvx' \) -type f -exec rm -f {} + 2>/dev/null || :

# What was removed is still in the blocks of the disk until the host is told that nobody needs them.
sync
if has fstrim; then
  while read -r _ place kind _; do
    case $kind in ext4 | xfs | btrfs | f2fs | vfat) fstrim "$place" 2>/dev/null || : ;; esac
  done </proc/mounts
fi
sync
`;

/**
 * Takes from a guest what each machine has to have for itself, as the last thing before it powers off and its disk
 * becomes an image: identity, secrets, what its seed told it, logs. What stays: its accounts with their authorized keys
 * (a seed whose user is root makes none), its host name, which a seed gives anew, and our agent. Whoever starts it
 * again without a seed finds no network configured by cloud-init.
 * @throws GuestSetupError, or what the channel throws.
 */
export async function generalizeGuest(
  channel: TrustedChannel,
  options: { readonly signal?: AbortSignal | undefined } = {},
): Promise<void> {
  const { exitCode, stderr } = await channel.exec(['sh', '-c', GENERALIZE], options);
  if (exitCode === 0) return;
  throw new GuestSetupError('making an image of a machine', exitCode, Buffer.from(stderr).toString());
}
