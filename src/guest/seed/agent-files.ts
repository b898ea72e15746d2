/** Where a program of ours is put in the guest; `vmlet-boot` replaces it in the files that follow. */
const DIRECTORY = '@DIRECTORY@';

/**
 * For `bootcmd`, at every boot: finds the seed that it came from. Without one (the disk is booted elsewhere) there is
 * nothing to do.
 */
export const BOOT_COMMAND = `# vmlet's agent
(
set -eu
seed=/run/vmlet-seed
mkdir -p "$seed"
# What is in it is not for everyone's eyes.
if mount -t vfat -o ro,nosuid,nodev,noexec,umask=077 LABEL=CIDATA "$seed"; then
  trap 'umount "$seed"; rmdir "$seed"' EXIT
  sh "$seed/vmlet-boot" "$seed"
else
  rmdir "$seed"
fi
)
`;

/** $1: where the seed is mounted; $2: `files` to put the agent in place only. */
const BOOT = String.raw`#!/bin/sh
# Puts vmlet's agent in place and has the system start it, now and at every boot. Nothing here waits for a network.
# Only what has changed is written: reloading the service manager takes a second where the CPU is emulated.
set -eu
seed=$1
what=${'$'}{2:-everything}
changed=

# Puts $1 of the seed at $2 with the mode $3, when something else is there.
place() {
  if [ ! -f "$2" ] || [ "$(sha256sum <"$1")" != "$(sha256sum <"$2")" ]; then
    mkdir -p "${'$'}{2%/*}"
    # The service may be doing the same at this moment.
    cp "$1" "$2.$what"
    chmod "$3" "$2.$what"
    mv -f "$2.$what" "$2"
    # Labels matter where SELinux is on: the system runs no others.
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

# A clone's card has another address than the one that the network was configured for at the first boot.
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

# The first two are where SELinux's rules have programs.
for directory in /usr/local/sbin /opt/vmlet/bin /var/lib/vmlet; do
  # To root all is writable, some shells think, on a read-only file system too.
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
    # Where the port comes later, it brings the service with it.
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

/** What the agent's service runs first: the host may have a newer agent than the disk. */
const UPDATE = `#!/bin/sh
# Puts the agent of the seed in the place of an older one.
set -eu
seed=/run/vmlet-seed.$$
# The service manager ends us where the agent is to start again meanwhile.
trap 'exit 143' HUP INT TERM
trap 'umount -l "$seed" 2>/dev/null || :; rmdir "$seed" || :' EXIT
mkdir -p "$seed"
mount -t vfat -o ro,nosuid,nodev,noexec,umask=077 LABEL=CIDATA "$seed" 2>/dev/null || exit 0
if [ -f "$seed/vmlet-boot" ]; then sh "$seed/vmlet-boot" "$seed" files; fi
`;

/**
 * Without the default dependencies it does not wait for what cloud-init's network stage holds up. It comes after the
 * file systems, and after what empties /tmp.
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
`;

const RULES = `SUBSYSTEM=="virtio-ports", ATTR{name}=="vmlet.agent", TAG+="systemd", ENV{SYSTEMD_WANTS}+="vmlet-agent.service"
`;

/** Not every device manager that goes with OpenRC makes links by the names of ports. */
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
	eerror "the machine has no port named vmlet.agent"
	return 1
}
`;

/**
 * systemd's own waits for two minutes and then fails where no card is connected, or none is there: the guest boots
 * late, and not to `running`.
 */
const WAIT_NETWORK = `#!/bin/sh
# Ends when there is a default route, when no card is there or connected for some seconds, or after a minute.
card() {
  for link in /sys/class/net/*; do
    if [ -e "$link/device" ]; then return 0; fi
  done
  # Its driver may come later.
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
  # With IPv6 alone it waits a little longer, for the other.
  if [ -r /proc/net/ipv6_route ]; then
    while read -r destination length _ _ gateway _; do
      # Its gateway is all that is not zero in a default route.
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
    # It cannot be read while the system has not brought the card up.
    if [ "$(cat "$link/carrier" 2>/dev/null)" != 0 ]; then connected=yes; fi
  done
  if [ -n "$connected" ]; then unconnected=0; else unconnected=$((unconnected + 1)); fi
  tries=$((tries + 1))
  sleep 1
done
echo 'vmlet: going on without a network' >&2
`;

const NETWORK_CONF = `[Service]
ExecStart=
ExecStart=-${DIRECTORY}/vmlet-wait-network
`;

/**
 * The files of a seed by which the guest's first stage does what `BOOT_COMMAND` asks for.
 * @param network the boot waits for a default route, and no longer than makes sense.
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
