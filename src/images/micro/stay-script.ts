/** Words of the kernel's command line; the agent looks for the first. */
export const STAY_WORD = 'vmlet.stay';
/** There are disks. */
export const DISKS_WORD = 'vmlet.disks';
export const DHCP_WORD = 'vmlet.dhcp';
/** Where the agent looks for the script. */
export const STAY_PATH = 'etc/vmlet-stay';
/** Of the file system that is mounted at /data. */
export const DATA_LABEL = 'vmlet-data';

/**
 * What `micro` does where its machine stays, which vmlet says by words of the kernel's command line. The agent, as init,
 * runs it at each boot and waits for its end. Standard input, output and error are the console's.
 */
export const STAY_SCRIPT = `#!/bin/sh
. /etc/profile
words=" $(cat /proc/cmdline) "

# The disk that vmlet made for it, by its label: any other is the user's own affair.
case $words in *' ${DISKS_WORD} '*) modprobe -q virtio_blk ;; esac
if disk=$(findfs LABEL=${DATA_LABEL} 2>/dev/null); then
  mkdir -p /data
  mount -t ext4 "$disk" /data && kept='/data is kept, all else is in memory'
fi

# On a bridge nobody else tells it an address, nor does anybody once it has rebooted by itself. It is asked for until
# there is one.
ask() {
  modprobe -q af_packet
  modprobe -q virtio_net
  exec udhcpc -f -S -i eth0 -t 5 -T 2 -A 5
}
case $words in
*' ${DHCP_WORD}=now '*) ask </dev/null >/dev/null 2>&1 & ;;
*' ${DHCP_WORD}=later '*)
  {
    sleep 5
    ip -o -4 addr show dev eth0 2>/dev/null | grep -q . || ask
  } </dev/null >/dev/null 2>&1 &
  ;;
esac

# A shell on the serial console, again and again.
cd /root
shell() {
  echo
  echo "$(hostname): micro, a machine that stays; \${kept:-nothing in it is kept}."
  echo 'Packages are installed in images such as debian:13.'
  TERM=vt100 setsid -c sh -l
}
# Opened each time: the end of a session hangs up all that has the terminal open. A busybox of the user's may lack setsid.
while
  shell </dev/ttyS0 >/dev/ttyS0 2>&1
  [ $? != 127 ]
do sleep 1; done &
`;
