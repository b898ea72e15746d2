/** With the groups of podman that the user is advised to leave out. */
const FOREIGN = /^(?:podman(?: container| machine)?|virsh|limactl|vagrant|multipass) /;

/**
 * Commands of other programs, separated by commas, and advice on the equivalent here, with the commands of vmlet in
 * backquotes: docs/from-*.md take rows from it. No advice contains a command that loses data.
 */
const HABITS: Readonly<Record<string, string>> = {
  // Machines
  'virsh define, podman machine init, vagrant init, new':
    'to create a machine: `vmlet create NAME --image IMAGE`',
  'multipass launch': 'to create and start a machine: `vmlet create NAME --image IMAGE --start`',
  'virt-install, install': 'to install from an ISO: `vmlet create NAME --iso FILE --disk SIZE --start`',
  'podman compose':
    'vmlet reads no project file; to create machines in one network: `vmlet network create NETWORK`, then `vmlet create NAME --image IMAGE --network NETWORK` for each',
  'podman kube': 'vmlet reads no Kubernetes files; to create a machine: `vmlet create NAME --image IMAGE`',
  'vagrant provision':
    'to run commands at the first boot: `vmlet create NAME --image IMAGE --firstboot-command LINE`; in a running machine: `vmlet exec NAME -- COMMAND`',
  'virsh list, limactl list, multipass list, vagrant global-status': 'to list machines: `vmlet ls`',
  'virsh domstate, vagrant status': 'to show the state of machines: `vmlet ls`',
  'virsh dominfo, virsh dumpxml': 'to show everything about a machine as JSON: `vmlet inspect NAME`',
  'vagrant up':
    'to create and start a machine: `vmlet create NAME --image IMAGE --start`; to start it later: `vmlet start NAME`',
  'virsh shutdown, vagrant halt, down, poweroff': 'to stop a machine: `vmlet stop NAME`',
  'virsh reboot, vagrant reload': 'to restart a machine: `vmlet restart NAME`',
  'virsh destroy, vagrant destroy':
    'to stop a machine: `vmlet stop NAME`; to power it off immediately, see: `vmlet kill --help`; to remove it, see: `vmlet rm --help`',
  'virsh suspend, vagrant suspend':
    'to pause a machine: `vmlet pause NAME`; to save its memory to disk and power it off: `vmlet save NAME`',
  'podman unpause': 'to resume a machine: `vmlet resume NAME`',
  'virsh managedsave, podman container checkpoint':
    'to save the memory of a machine to disk and power it off: `vmlet save NAME`; to keep it in a snapshot: `vmlet snapshot create NAME SNAPSHOT`',
  'virsh undefine, limactl delete, multipass delete, remove': 'to remove machines, see: `vmlet rm --help`',
  'virsh edit, limactl edit, podman update':
    'to change the settings of a machine, see: `vmlet set --help`; its ports: `vmlet port add NAME PORT`',
  'virsh setmem': 'to change the memory of a machine, from its next start on: `vmlet set NAME --memory SIZE`',
  'virsh setvcpus':
    'to change the processors of a machine, from its next start on: `vmlet set NAME --cpus N`',
  'virsh desc': 'to label a machine: `vmlet set NAME --label KEY=VALUE`',
  'virsh domrename': 'to rename a machine: `vmlet rename NAME NEW`',
  'virt-clone': 'to copy a machine: `vmlet clone NAME NEW`',
  'podman commit, vagrant package':
    'to copy a machine: `vmlet clone NAME NEW`; to build an image from another one, see: `vmlet image build --help`',
  'virsh autostart, limactl start-at-login':
    'to start a machine at boot: `vmlet systemd install NAME`; to undo this: `vmlet systemd uninstall NAME`',
  'podman generate': 'to print a systemd unit: `vmlet systemd print NAME`',
  'multipass recover':
    'to return a machine to a snapshot, see: `vmlet snapshot restore --help`; to create a machine from the disk of a removed machine: `vmlet create NAME --image FILE,trusted --adopt`; from the /data of micro: `vmlet create NAME --image micro --disk FILE,adopt`',
  'podman healthcheck': 'to wait until a guest is ready, see: `vmlet wait --help`',
  'virsh domstats, podman top, virt-top': 'to show resource usage: `vmlet stats`',
  'virsh domblkstat':
    'to show resource usage: `vmlet stats`; to show that of each disk: `vmlet qmp NAME query-blockstats`',
  'virsh qemu-monitor-command': 'to send a QMP command: `vmlet qmp NAME COMMAND`',
  'podman container': 'leave out the word "container", for example: `vmlet ls`',
  'podman machine': 'leave out the word "machine", for example: `vmlet ls`',
  vm: 'leave out the word "vm", for example: `vmlet ls`',

  // Access
  'multipass connect': 'to enter a machine: `vmlet shell NAME`, `vmlet ssh NAME` or `vmlet console NAME`',
  'podman login, vagrant login':
    'to enter a machine: `vmlet shell NAME` or `vmlet ssh NAME`; pulling images needs no login',
  'limactl show-ssh': 'to configure ssh, scp and rsync: `vmlet ssh-config`',
  'virt-viewer': 'to open the screen of a machine: `vmlet view NAME`',
  'virsh send-key': 'to press keys: `vmlet sendkey NAME KEYS`',
  'limactl copy, multipass transfer': 'to copy files: `vmlet cp SOURCE TARGET`',
  'podman secret': 'to give a file to a machine: `vmlet cp FILE NAME:PATH`',
  'podman diff':
    'to look at the files of a running machine: `vmlet shell NAME`; to copy them to the host: `vmlet cp NAME:PATH TARGET`',
  'podman mount, multipass mount':
    'to share a directory of the host with a guest, use the option -v of `vmlet run` or `vmlet create`; with a machine: `vmlet share add NAME SRC:DST`',
  'podman umount, podman unmount, multipass umount':
    'to end the share of a directory of the host: `vmlet share rm NAME DST`',

  // Disks, snapshots and networks
  'virsh domblklist': 'to list the disks of a machine: `vmlet disk ls NAME`',
  'virsh attach-disk': 'to add a disk: `vmlet disk add NAME DISK`',
  'virsh detach-disk': 'to remove a disk, see: `vmlet disk rm --help`',
  'virsh blockresize': 'to resize a disk: `vmlet disk resize NAME DISK-NAME SIZE`',
  'virsh change-media': 'to insert or eject a CD, see: `vmlet cd --help`',
  'virsh pool-list':
    'to list disks: `vmlet system df --verbose`; to list volumes: `vmlet volume ls`; `vmlet pool` is for ready guests',
  'virsh vol-list':
    'to list the disks of a machine: `vmlet disk ls NAME`; to list volumes: `vmlet volume ls`',
  'virsh vol-create-as':
    'to add a disk: `vmlet disk add NAME SIZE`; to create a volume: `vmlet volume create NAME`',
  'virsh snapshot-create, virsh snapshot-create-as':
    'to create a snapshot: `vmlet snapshot create NAME SNAPSHOT`',
  'virsh snapshot-list': 'to list snapshots: `vmlet snapshot ls NAME`',
  'virsh snapshot-revert': 'to return a machine to a snapshot, see: `vmlet snapshot restore --help`',
  'virsh snapshot-delete': 'to remove snapshots, see: `vmlet snapshot rm --help`',
  snap: 'to create and list snapshots, see: `vmlet snapshot --help`',
  'virsh domifaddr': 'to show the IP addresses of a guest: `vmlet ip NAME`',
  'virsh net-list': 'to list private networks: `vmlet network ls`',
  'virsh attach-interface':
    'to connect a machine to a private network: `vmlet network connect NETWORK NAME`; to a bridge of the host, from its next start on: `vmlet set NAME --net auto --net bridge=BRIDGE`',

  // Images
  'vagrant box': 'to list images: `vmlet image ls`; to download one: `vmlet pull IMAGE`',
  quickget: 'to download an image: `vmlet pull IMAGE`; to search for images: `vmlet search`',
  'multipass find': 'to search for images: `vmlet search`',
  'podman build': 'to build an image, see: `vmlet image build --help`',
  'podman history': 'to show the origin of an image: `vmlet image inspect IMAGE`',
  'podman tag': 'to name an image: `vmlet image tag IMAGE NAME`',
  'podman import, podman load': 'to import an image: `vmlet image import FILE NAME`',
  'podman export':
    'to write an image to a file: `vmlet image export IMAGE FILE`; to copy the files of a machine: `vmlet cp NAME:/ TARGET`',
  'podman push, vagrant push':
    'vmlet cannot upload images; to write an image to a file: `vmlet image export IMAGE FILE`',

  // The host
  'podman system info, virsh nodeinfo': 'to show host resources and program versions: `vmlet info`',
  'virsh capabilities, virsh domcapabilities':
    'to show what this host has: `vmlet info`; to check it: `vmlet doctor`',
  'virsh hostname': 'to show the host: `vmlet info`; to rename a machine: `vmlet rename NAME NEW`',
  'virsh uri': 'vmlet connects to no hypervisor; to show the host and its directories: `vmlet info`',
  'podman version, virsh version, vagrant version, multipass version':
    'to show the version of vmlet: `vmlet --version`; to show the versions of QEMU and passt: `vmlet info`',
  df: 'to show disk usage: `vmlet system df`',
  'multipass purge, prune': 'to list unused data without removing it: `vmlet system prune --dry-run`',
};

/** Commands of other programs that have the same advice. */
export interface Habit {
  /** As the user types them there, such as `virsh list`. */
  readonly commands: readonly string[];
  /** In Markdown. */
  readonly advice: string;
}

export function habits(): Habit[] {
  return Object.entries(HABITS).map(([commands, advice]) => ({ commands: commands.split(', '), advice }));
}

/** The word of a command of another program, which a user types after `vmlet`. */
export function wordOf(command: string): string {
  return command.replace(FOREIGN, '');
}

/** Returns the advice on such a word for the terminal, if there is any. */
export function adviceOn(word: string): string | undefined {
  const habit = habits().find(({ commands }) => commands.some((command) => wordOf(command) === word));
  return habit?.advice.replaceAll('`', '');
}
