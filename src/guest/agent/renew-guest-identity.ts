import { GuestSetupError } from '../../errors/index.ts';
import type { TrustedChannel } from '../ssh/ssh-provision.ts';

/** $1: the new host name. Every step can be repeated: an interrupted run is repeated from the start. */
const RENEW = String.raw`
set -eu
if [ -e /etc/machine-id ]; then
  # systemd would copy the old id from here.
  if [ -f /var/lib/dbus/machine-id ] && [ ! -L /var/lib/dbus/machine-id ]; then rm -f /var/lib/dbus/machine-id; fi
  rm -f /etc/machine-id
  if command -v systemd-machine-id-setup >/dev/null; then systemd-machine-id-setup >/dev/null
  else tr -d - </proc/sys/kernel/random/uuid >/etc/machine-id
  fi
  chmod 444 /etc/machine-id
  # networkd derives its DHCP identifier from the machine id: with the old one it would get the original's address.
  if command -v systemctl >/dev/null; then systemctl --no-block try-restart systemd-networkd.service || :; fi
fi

# Replaces keys of the existing types, one by one: sshd may need them at any moment.
renewed=
for key in /etc/ssh/ssh_host_*_key; do
  [ -f "$key" ] || continue
  type=${'$'}{key#/etc/ssh/ssh_host_}
  rm -f "$key.new" "$key.new.pub"
  # OpenSSH no longer creates keys of type dsa, and its sshd ignores them.
  if ! ssh-keygen -q -t "${'$'}{type%_key}" -N '' -C "root@$1" -f "$key.new"; then
    [ "$type" = dsa_key ] || exit 1
    rm -f "$key" "$key.pub"
    continue
  fi
  mv -f "$key.new.pub" "$key.pub"
  mv -f "$key.new" "$key"
  renewed=yes
done
if [ -n "$renewed" ]; then
  if command -v restorecon >/dev/null; then restorecon /etc/ssh/ssh_host_*; fi
  # sshd reads its keys only at start and on SIGHUP.
  if [ -f /run/sshd.pid ]; then
    read -r pid </run/sshd.pid
    if [ "$(cat "/proc/$pid/comm" 2>/dev/null)" = sshd ]; then kill -HUP "$pid"; fi
  fi
fi

old=$(cat /proc/sys/kernel/hostname)
if [ "$old" != "$1" ]; then
  printf '%s\n' "$1" >/etc/hostname
  printf '%s' "$1" >/proc/sys/kernel/hostname
  case $old in
  '' | localhost* | *[!A-Za-z0-9-]*) ;;
  *)
    if [ -f /etc/hosts ]; then
      sed "s/\([[:space:]]\)$old\([[:space:].]\)/\1$1\2/g; s/\([[:space:]]\)$old\$/\1$1/" /etc/hosts >/etc/hosts.vmlet
      cat /etc/hosts.vmlet >/etc/hosts
      rm -f /etc/hosts.vmlet
    fi
    ;;
  esac
fi
sync
`;

/**
 * Renews everything that must differ between a guest and its copy: machine id, ssh host keys and host name. Programs that
 * have read the old machine id keep it until the next boot.
 * @throws GuestSetupError, or what the channel throws.
 */
export async function renewGuestIdentity(
  channel: TrustedChannel,
  hostname: string,
  options: { readonly signal?: AbortSignal | undefined } = {},
): Promise<void> {
  const { exitCode, stderr } = await channel.exec(['sh', '-c', RENEW, 'sh', hostname], options);
  if (exitCode === 0) return;
  throw new GuestSetupError(
    'creating a new machine id and new ssh host keys',
    exitCode,
    Buffer.from(stderr).toString(),
  );
}
