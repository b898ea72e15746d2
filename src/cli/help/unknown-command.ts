import { type Command, CommanderError } from 'commander';
import { editDistance } from '../../util/options/nearest.ts';
import { EXIT_VMLET } from '../output/exit-code.ts';
import { complain } from '../output/say.ts';
import { INSTALL } from './usage-hint.ts';

const PROGRAM = 'vmlet';
const HOST = 'to show what this host has: vmlet info; to check it: vmlet doctor';

/** Commands of other programs, with advice on the equivalent here. No advice contains a command that loses data. */
export const ADVICE: Readonly<Record<string, string>> = {
  'attach-disk': 'to add a disk: vmlet disk add NAME DISK',
  'attach-interface':
    'to connect a machine to a private network: vmlet network connect NETWORK NAME; to connect it to a bridge of the host, see: vmlet set --help',
  autostart: 'to start a machine at boot: vmlet systemd install NAME',
  blockresize: 'to resize a disk: vmlet disk resize NAME DISK-NAME SIZE',
  box: 'to list images: vmlet image ls; to download one: vmlet pull IMAGE',
  build: 'to build an image, see: vmlet image build --help',
  capabilities: HOST,
  'change-media': 'to insert or eject a CD, see: vmlet cd --help',
  commit:
    'to copy a machine: vmlet clone NAME NEW; to build an image from another one, see: vmlet image build --help',
  compose:
    'vmlet reads no project file; to create machines in one network: vmlet network create NETWORK, then vmlet create NAME --image IMAGE --network NETWORK for each',
  connect: 'to enter a machine: vmlet shell NAME, vmlet ssh NAME or vmlet console NAME',
  container: 'leave out the word "container", for example: vmlet ls',
  copy: 'to copy files: vmlet cp SOURCE TARGET',
  define: 'to create a machine: vmlet create NAME --image IMAGE',
  delete: 'to remove machines, see: vmlet rm --help',
  desc: 'to label a machine: vmlet set NAME --label KEY=VALUE',
  destroy: 'to stop a machine: vmlet stop NAME; to power it off immediately, see: vmlet kill --help',
  'detach-disk': 'to remove a disk, see: vmlet disk rm --help',
  df: 'to show disk usage: vmlet system df',
  diff: 'to look at the files of a running machine: vmlet shell NAME; to copy them to the host: vmlet cp NAME:PATH TARGET',
  domblklist: 'to list the disks of a machine: vmlet disk ls NAME',
  domblkstat:
    'to show resource usage: vmlet stats; to show that of each disk: vmlet qmp NAME query-blockstats',
  domcapabilities: HOST,
  domifaddr: 'to show the IP addresses of a guest: vmlet ip NAME',
  dominfo: 'to show everything about a machine: vmlet inspect NAME',
  domrename: 'to rename a machine: vmlet rename NAME NEW',
  domstate: 'to show the state of machines: vmlet ls',
  domstats: 'to show resource usage: vmlet stats',
  down: 'to stop a machine: vmlet stop NAME',
  dumpxml: 'to show everything about a machine as JSON: vmlet inspect NAME',
  edit: 'to change the settings of a machine, see: vmlet set --help',
  export: 'to write an image to a file: vmlet image export IMAGE FILE',
  generate: 'to print a systemd unit: vmlet systemd print NAME',
  'global-status': 'to list machines: vmlet ls',
  halt: 'to stop a machine: vmlet stop NAME',
  healthcheck: 'to wait until a guest is ready, see: vmlet wait --help',
  history: 'to show the origin of an image: vmlet image inspect IMAGE',
  hostname: 'to show the host: vmlet info; to rename a machine: vmlet rename NAME NEW',
  import: 'to import an image: vmlet image import FILE NAME',
  install: INSTALL,
  kube: 'vmlet reads no Kubernetes files; to create a machine: vmlet create NAME --image IMAGE',
  launch: 'to create and start a machine: vmlet create NAME --image IMAGE --start',
  list: 'to list machines: vmlet ls',
  load: 'to import an image: vmlet image import FILE NAME',
  login: 'to enter a machine: vmlet shell NAME or vmlet ssh NAME; pulling images needs no login',
  machine: 'leave out the word "machine", for example: vmlet ls',
  managedsave: 'to save the memory of a machine to disk and power it off: vmlet save NAME',
  mount:
    'to share a directory of the host with a guest, use the option -v of vmlet run or vmlet create; with a machine: vmlet share add NAME SRC:DST',
  'net-list': 'to list private networks: vmlet network ls',
  new: 'to create a machine: vmlet create NAME --image IMAGE',
  nodeinfo: 'to show host resources and program versions: vmlet info',
  package:
    'to copy a machine: vmlet clone NAME NEW; to build an image from another one, see: vmlet image build --help',
  'pool-list':
    'to list disks: vmlet system df --verbose; to list volumes: vmlet volume ls; vmlet pool is for ready guests',
  poweroff: 'to stop a machine: vmlet stop NAME',
  provision:
    'to run commands at the first boot: vmlet create NAME --image IMAGE --firstboot-command LINE; in a running machine: vmlet exec NAME -- COMMAND',
  prune: 'to list unused data without removing it: vmlet system prune --dry-run',
  purge: 'to list unused data without removing it: vmlet system prune --dry-run',
  push: 'vmlet cannot upload images; to write an image to a file: vmlet image export IMAGE FILE',
  'qemu-monitor-command': 'to send a QMP command: vmlet qmp NAME COMMAND',
  reboot: 'to restart a machine: vmlet restart NAME',
  recover:
    'to return a machine to a snapshot, see: vmlet snapshot restore --help; to create a machine from the disk of a removed machine: vmlet create NAME --image FILE,trusted --adopt; from the /data of micro: vmlet create NAME --image micro --disk FILE,adopt',
  reload: 'to restart a machine: vmlet restart NAME',
  remove: 'to remove machines, see: vmlet rm --help',
  secret: 'to give a file to a machine: vmlet cp FILE NAME:PATH',
  'send-key': 'to press keys: vmlet sendkey NAME KEYS',
  setmem: 'to change the memory of a machine: vmlet set NAME --memory SIZE',
  setvcpus: 'to change the processors of a machine: vmlet set NAME --cpus N',
  'show-ssh': 'to configure ssh, scp and rsync: vmlet ssh-config',
  shutdown: 'to stop a machine: vmlet stop NAME',
  snap: 'to create and list snapshots, see: vmlet snapshot --help',
  'snapshot-create': 'to create a snapshot: vmlet snapshot create NAME SNAPSHOT',
  'snapshot-create-as': 'to create a snapshot: vmlet snapshot create NAME SNAPSHOT',
  'snapshot-delete': 'to remove snapshots, see: vmlet snapshot rm --help',
  'snapshot-list': 'to list snapshots: vmlet snapshot ls NAME',
  'snapshot-revert': 'to return a machine to a snapshot, see: vmlet snapshot restore --help',
  'start-at-login': 'to start a machine at login: vmlet systemd install NAME',
  status: 'to show the state of machines: vmlet ls',
  suspend:
    'to pause a machine: vmlet pause NAME; to save its memory to disk and power it off: vmlet save NAME',
  'system info': 'to show host resources and program versions: vmlet info',
  tag: 'to name an image: vmlet image tag IMAGE NAME',
  top: 'to show resource usage: vmlet stats',
  undefine: 'to remove machines, see: vmlet rm --help',
  unpause: 'to resume a machine: vmlet resume NAME',
  up: 'to start a machine: vmlet start NAME',
  update: 'to change the settings of a machine, see: vmlet set --help',
  uri: 'vmlet connects to no hypervisor; to show the host and its directories: vmlet info',
  version:
    'to show the version of vmlet: vmlet --version; to show the versions of QEMU and passt: vmlet info',
  'virt-install': INSTALL,
  vm: 'leave out the word "vm", for example: vmlet ls',
  'vol-create-as': 'to add a disk: vmlet disk add NAME SIZE; to create a volume: vmlet volume create NAME',
  'vol-list': 'to list the disks of a machine: vmlet disk ls NAME; to list volumes: vmlet volume ls',
};

/** Words of other programs for subcommands, such as `virsh list`. */
const SYNONYMS: Readonly<Record<string, string>> = {
  delete: 'rm',
  list: 'ls',
  remove: 'rm',
  show: 'inspect',
};

/** Commands that are never suggested for a mistyped word. */
const DESTRUCTIVE: readonly string[] = ['rm', 'kill', 'reset', 'restore', 'prune', 'rename', 'save'];

/**
 * Reports an unknown command with a suggestion, and exits.
 * @param group the command that has no such subcommand.
 */
export function refuseUnknownCommand(group: Command, word: string): never {
  const path = pathOf(group);
  const hint = adviceFor(group, path, word);
  complain(`no such command: ${path} ${word}`.replace(': vmlet ', ': '), hint);
  throw new CommanderError(EXIT_VMLET, 'vmlet.unknownCommand', `no such command: ${word}`);
}

/**
 * Rejects a synonym of a subcommand, where it would be the name of a machine because the subcommand is optional.
 * @param isMachine whether a machine has this name.
 */
export function refuseSynonyms(group: Command, isMachine: (name: string) => boolean): void {
  group.hook('preSubcommand', ({ args: [word = ''] }) => {
    if (synonymIn(group, word) !== undefined && !isMachine(word)) refuseUnknownCommand(group, word);
  });
}

/** The subcommand that a word means, for example `ls` for `list`. */
export function synonymIn(group: Command, word: string): string | undefined {
  const meant = Object.hasOwn(SYNONYMS, word) ? SYNONYMS[word] : undefined;
  return group.commands.some((command) => command.name() === meant) ? meant : undefined;
}

/** Reports an unknown command after `help`, and exits. */
export function refuseUnknownTopic(group: Command, word: string | undefined): void {
  if (word === undefined || word.startsWith('-')) return;
  const known = group.createHelp().visibleCommands(group);
  if (!known.some((command) => command.name() === word || command.aliases().includes(word))) {
    refuseUnknownCommand(group, word);
  }
}

function adviceFor(group: Command, path: string, word: string): string {
  const words = `${path} ${word}`.slice(PROGRAM.length + 1);
  if (Object.hasOwn(ADVICE, words)) return ADVICE[words] ?? '';
  const synonym = synonymIn(group, word);
  if (synonym !== undefined && DESTRUCTIVE.includes(synonym)) return `see: ${path} ${synonym} --help`;
  const known = group.createHelp().visibleCommands(group);
  const safe = known.map((command) => command.name()).filter((name) => !DESTRUCTIVE.includes(name));
  const meant = synonym ?? nearestName(word, safe);
  return meant === undefined ? `to list commands: ${path} --help` : `did you mean: ${path} ${meant}`;
}

/** The words that call it, such as `vmlet image ls`. */
export function pathOf(command: Command): string {
  return command.parent === null ? command.name() : `${pathOf(command.parent)} ${command.name()}`;
}

/** Allows one typing error in a short word, two in a long one; undefined if several names are equally near. */
function nearestName(word: string, names: readonly string[]): string | undefined {
  const distances = names.map((name) => ({ name, distance: editDistance(word, name) }));
  const least = Math.min(...distances.map(({ distance }) => distance));
  const nearest = distances.filter(
    ({ name, distance }) => distance === least && distance <= (name.length < 5 ? 1 : 2),
  );
  return nearest.length === 1 ? nearest[0]?.name : undefined;
}
