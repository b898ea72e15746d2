/** Kernel parameter of a persistent machine, which the agent checks. */
export const STAY_WORD = 'vmlet.stay';
/** Kernel parameter of a persistent machine with disks. */
export const DISKS_WORD = 'vmlet.disks';
/** Kernel parameter of a persistent machine that needs DHCP: a card's MAC address, or `later` for the first card. */
export const DHCP_WORD = 'vmlet.dhcp';
/** Path of the script, which the agent runs. */
export const STAY_PATH = 'etc/vmlet-stay';
/** Label of the file system to mount at `DATA_PATH`. */
export const DATA_LABEL = 'vmlet-data';
export const DATA_PATH = '/data';

/**
 * Boot script of `micro` in a persistent machine, as marked by kernel parameters. The agent, as init, runs it at each
 * boot and waits for its end. Standard input, output and error are the console.
 */
export const STAY_SCRIPT = `#!/bin/sh
. /etc/profile
words=" $(cat /proc/cmdline) "

# After a reboot inside the guest, vmlet does not load it: a panic would look like a reboot.
modprobe -q pvpanic-mmio

# Mounts the data disk that vmlet created, by its label. The user mounts other disks.
# virtio_pci first: where it is a module, disks appear while it loads.
case $words in *' ${DISKS_WORD} '*) modprobe -q virtio_pci; modprobe -q virtio_blk ;; esac
if disk=$(findfs LABEL=${DATA_LABEL} 2>/dev/null); then
  mkdir -p ${DATA_PATH}
  mount -t ext4 "$disk" ${DATA_PATH} && kept='files in ${DATA_PATH} are kept across restarts, all other files are lost'
fi

# Requests addresses by DHCP: on bridges, or after a reboot inside the guest, vmlet does not assign them. Retries until
# there is a lease.
load() {
  modprobe -q af_packet
  modprobe -q virtio_net
}
ask() {
  exec udhcpc -f -S -i "$1" -t 5 -T 2 -A 5
}
case $words in *' ${DHCP_WORD}='*:*)
  {
    load
    cd /sys/class/net
    for word in $words; do
      case $word in ${DHCP_WORD}=*:*)
        card=$(grep -lx "\${word#*=}" */address | head -n 1)
        [ -z "$card" ] || ask "\${card%/address}" &
        ;;
      esac
    done
  } </dev/null >/dev/null 2>&1 &
  ;;
esac
case $words in *' ${DHCP_WORD}=later '*)
  {
    sleep 5
    ip -o -4 addr show dev eth0 2>/dev/null | grep -q . || { load; ask eth0; }
  } </dev/null >/dev/null 2>&1 &
  ;;
esac

# Runs a shell on the serial console, and restarts it when it exits.
cd /root
shell() {
  echo
  echo "$(hostname): micro; \${kept:-nothing is kept across restarts}."
  echo 'To install packages, use an image such as debian:13.'
  TERM=vt100 setsid -c sh -l
}
# Reopened each time: the end of a session hangs up the terminal. The user's own busybox may lack setsid.
while
  shell </dev/ttyS0 >/dev/ttyS0 2>&1
  [ $? != 127 ]
do sleep 1; done &
`;
