/** Placeholder for the directory of vmlet's programs in the guest; `vmlet-boot` replaces it in the files below. */
const DIRECTORY = '@DIRECTORY@';

/**
 * For `bootcmd`, at every boot: finds the seed that it came from. Without a seed (the disk is booted elsewhere) it does
 * nothing.
 */
export const BOOT_COMMAND = `# vmlet's agent
(
set -eu
seed=/run/vmlet-seed
mkdir -p "$seed"
# Only root may read its contents.
if mount -t vfat -o ro,nosuid,nodev,noexec,umask=077 LABEL=CIDATA "$seed"; then
  trap 'umount "$seed"; rmdir "$seed"' EXIT
  sh "$seed/vmlet-boot" "$seed"
else
  rmdir "$seed"
fi
)
`;

/** $1: mount point of the seed; $2: `files` to only install the agent. */
const BOOT = String.raw`#!/bin/sh
# Installs vmlet's agent and makes the system start it, now and at every boot. Does not wait for a network.
# Writes only changed files: reloading the service manager takes a second on an emulated CPU.
set -eu
seed=$1
what=${'$'}{2:-everything}
changed=

# Installs $1 of the seed as $2 with mode $3, unless it is already there.
place() {
  if [ ! -f "$2" ] || [ "$(sha256sum <"$1")" != "$(sha256sum <"$2")" ]; then
    mkdir -p "${'$'}{2%/*}"
    # The service may be doing the same at this moment.
    cp "$1" "$2.$what"
    chmod "$3" "$2.$what"
    mv -f "$2.$what" "$2"
    # With SELinux, programs without the right label do not run.
    if command -v restorecon >/dev/null; then restorecon "$2" || :; fi
    case $2 in
    /var/*) if command -v selinuxenabled >/dev/null && selinuxenabled; then chcon -t bin_t "$2" || :; fi ;;
    esac
    changed=yes
  fi
}
place_text() {
  text=$(mktemp /run/vmlet-text.XXXXXX)
  sed "s|${DIRECTORY}|$directory|g" "$1" >"$text"
  place "$text" "$2" "$3"
  rm -f "$text"
}

# A clone's card has another address than the one configured at the first boot.
follow_card() {
  card=$(sed -n 's/.*macaddress: "\{0,1\}\([0-9a-f:]\{17\}\).*/\1/p' "$seed/network-config" 2>/dev/null) || return 0
  known=/var/lib/vmlet/card
  was=$(cat "$known" 2>/dev/null) || :
  if [ -z "$card" ] || [ "$card" = "$was" ]; then return 0; fi
  mkdir -p "${'$'}{known%/*}"
  echo "$card" >"$known"
  if [ -z "$was" ]; then return 0; fi
  for file in /etc/netplan/50-cloud-init.yaml /etc/systemd/network/10-cloud-init-* /etc/network/interfaces.d/50-cloud-init* \
    /etc/NetworkManager/system-connections/cloud-init-* /etc/sysconfig/network-scripts/ifcfg-* \
    /etc/sysconfig/network/ifcfg-* /etc/udev/rules.d/70-persistent-net.rules; do
    if [ -f "$file" ]; then sed -i "s/$was/$card/I" "$file"; fi
  done
  if command -v netplan >/dev/null; then netplan generate || :; fi
}

# SELinux's rules allow programs in the first two.
for directory in /usr/local/sbin /opt/vmlet/bin /var/lib/vmlet; do
  # For root, some shells report a directory on a read-only file system as writable.
  if mkdir -p "$directory" && touch "$directory/.vmlet" && rm "$directory/.vmlet"; then break; fi 2>/dev/null
done
if [ -f "$seed/vmlet-agent" ]; then
  place "$seed/vmlet-agent" "$directory/vmlet-agent" 755
  agent_changed=$changed
  place_text "$seed/vmlet-agent-update" "$directory/vmlet-agent-update" 755
fi
if [ "$what" = files ]; then exit 0; fi

changed=
if [ -d /run/systemd/system ]; then
  drop_in=/etc/systemd/system/systemd-networkd-wait-online.service.d/vmlet.conf
  if [ -f "$seed/vmlet-network.conf" ]; then
    place "$seed/vmlet-wait-network" "$directory/vmlet-wait-network" 755
    place_text "$seed/vmlet-network.conf" "$drop_in" 644
  elif [ -f "$drop_in" ]; then
    rm -f "$drop_in"
    changed=yes
  fi
  if [ -f "$seed/vmlet-agent" ]; then
    place_text "$seed/vmlet-agent.service" /etc/systemd/system/vmlet-agent.service 644
    place "$seed/vmlet-agent.rules" /etc/udev/rules.d/90-vmlet-agent.rules 644
  fi
  follow_card
  if [ -n "$changed" ]; then
    systemctl daemon-reload
    udevadm control --reload
    udevadm trigger --subsystem-match=virtio-ports
  fi
  if [ -f "$seed/vmlet-agent" ]; then
    if [ -n "$agent_changed" ]; then systemctl --no-block try-restart vmlet-agent.service; fi
    # If the port appears later, it starts the service.
    if grep -qx vmlet.agent /sys/class/virtio-ports/*/name 2>/dev/null; then
      systemctl --no-block start vmlet-agent.service
    fi
  fi
elif command -v openrc-run >/dev/null && [ -f "$seed/vmlet-agent" ]; then
  place_text "$seed/vmlet-agent.openrc" /etc/init.d/vmlet-agent 755
  rc-update --quiet add vmlet-agent boot
  if [ -n "$agent_changed" ]; then rc-service --quiet --nodeps --ifstarted vmlet-agent stop || :; fi
  rc-service --quiet --nodeps --ifstopped vmlet-agent start
fi
`;

/** Runs before the agent's service: the host may have a newer agent than the disk. */
const UPDATE = `#!/bin/sh
# Replaces an older agent by the one of the seed.
set -eu
seed=/run/vmlet-seed.$$
# The service manager may end this script to restart the agent.
trap 'exit 143' HUP INT TERM
trap 'umount -l "$seed" 2>/dev/null || :; rmdir "$seed" || :' EXIT
mkdir -p "$seed"
mount -t vfat -o ro,nosuid,nodev,noexec,umask=077 LABEL=CIDATA "$seed" 2>/dev/null || exit 0
if [ -f "$seed/vmlet-boot" ]; then sh "$seed/vmlet-boot" "$seed" files; fi
`;

/**
 * Without default dependencies, so that it does not wait for cloud-init's network stage. It starts after the file systems
 * are mounted and /tmp has been cleaned. Its settings are those of images/build/common, which a test compares.
 */
const SERVICE = String.raw`[Unit]
Description=vmlet guest agent
DefaultDependencies=no
BindsTo=dev-virtio\x2dports-vmlet.agent.device
After=dev-virtio\x2dports-vmlet.agent.device local-fs.target systemd-tmpfiles-setup.service
Conflicts=shutdown.target
Before=shutdown.target
StartLimitIntervalSec=0

[Service]
ExecStartPre=-${DIRECTORY}/vmlet-agent-update
ExecStart=${DIRECTORY}/vmlet-agent --port /dev/virtio-ports/vmlet.agent
Restart=always
RestartSec=1
# Commands run in this unit: one that lacks memory must not end the agent and the others.
OOMPolicy=continue
TasksMax=infinity
`;

const RULES = `SUBSYSTEM=="virtio-ports", ATTR{name}=="vmlet.agent", TAG+="systemd", ENV{SYSTEMD_WANTS}+="vmlet-agent.service"
`;

/** Some device managers used with OpenRC create no links by port name. */
const OPENRC = `#!/sbin/openrc-run
description="vmlet guest agent"
supervisor=supervise-daemon
command=${DIRECTORY}/vmlet-agent
respawn_delay=1
respawn_max=0

start_pre() {
	${DIRECTORY}/vmlet-agent-update || :
	modprobe -q virtio_console || :
	for port in /sys/class/virtio-ports/*; do
		if [ "$(cat "$port/name" 2>/dev/null)" = vmlet.agent ]; then
			command_args="--port /dev/\${port##*/}"
			return 0
		fi
	done
	eerror "this machine has no virtio port named vmlet.agent"
	return 1
}
`;

/**
 * Replaces systemd's own service, which waits for two minutes and then fails when no card is present or connected: the
 * guest would boot slowly, and not reach `running`.
 */
const WAIT_NETWORK = `#!/bin/sh
# Exits when there is a default route, when no card has been present or connected for some seconds, or after a minute.
card() {
  for link in /sys/class/net/*; do
    if [ -e "$link/device" ]; then return 0; fi
  done
  # Its driver may load later.
  for device in /sys/bus/pci/devices/*; do
    case $(cat "$device/class" 2>/dev/null) in 0x02*) return 0 ;; esac
  done
  return 1
}

tries=0
unconnected=0
six=0
while card && [ "$tries" -lt 60 ] && [ "$unconnected" -lt 5 ]; do
  while read -r _ destination gateway _; do
    if [ "$destination" = 00000000 ] && [ "$gateway" != 00000000 ]; then exit 0; fi
  done </proc/net/route
  # With only an IPv6 route, wait a little longer for IPv4.
  if [ -r /proc/net/ipv6_route ]; then
    while read -r destination length _ _ gateway _; do
      # In a default route, only the gateway is non-zero.
      case $destination$length:$gateway in
      *[!0]*:*) ;;
      *:*[!0]*) six=$((six + 1)) ;;
      esac
    done </proc/net/ipv6_route
    if [ "$six" -ge 5 ]; then exit 0; fi
  fi
  connected=
  for link in /sys/class/net/*; do
    if [ ! -e "$link/device" ]; then continue; fi
    # The carrier is unreadable until the system has brought the card up.
    if [ "$(cat "$link/carrier" 2>/dev/null)" != 0 ]; then connected=yes; fi
  done
  if [ -n "$connected" ]; then unconnected=0; else unconnected=$((unconnected + 1)); fi
  tries=$((tries + 1))
  sleep 1
done
echo 'vmlet: continuing without a network' >&2
`;

const NETWORK_CONF = `[Service]
ExecStart=
ExecStart=-${DIRECTORY}/vmlet-wait-network
`;

/**
 * Returns the files of a seed that `BOOT_COMMAND` needs in the guest.
 * @param network true to make the boot wait for a default route, within limits.
 */
export function bootFiles(agent: Uint8Array | undefined, network: boolean): Map<string, Uint8Array> {
  const files = new Map<string, Uint8Array>();
  if (agent === undefined && !network) return files;
  files.set('vmlet-boot', Buffer.from(BOOT));
  if (agent !== undefined) {
    files.set('vmlet-agent', agent);
    files.set('vmlet-agent-update', Buffer.from(UPDATE));
    files.set('vmlet-agent.service', Buffer.from(SERVICE));
    files.set('vmlet-agent.rules', Buffer.from(RULES));
    files.set('vmlet-agent.openrc', Buffer.from(OPENRC));
  }
  if (network) {
    files.set('vmlet-wait-network', Buffer.from(WAIT_NETWORK));
    files.set('vmlet-network.conf', Buffer.from(NETWORK_CONF));
  }
  return files;
}
