import { type Command, CommanderError } from 'commander';
import { editDistance } from '../../util/options/nearest.ts';
import { EXIT_VMLET } from '../output/exit-code.ts';
import { complain } from '../output/say.ts';

const PROGRAM = 'vmlet';

/** Commands of other programs, with advice on the equivalent here. No advice contains a command that loses data. */
export const ADVICE: Readonly<Record<string, string>> = {
  build: 'to build an image, see: vmlet image build --help',
  connect: 'to enter a machine: vmlet shell NAME, vmlet ssh NAME or vmlet console NAME',
  container: 'leave out the word "container", for example: vmlet ls',
  define: 'to create a machine: vmlet create NAME --image IMAGE',
  delete: 'to remove machines, see: vmlet rm --help',
  destroy: 'to stop a machine: vmlet stop NAME; to power it off immediately, see: vmlet kill --help',
  df: 'to show disk usage: vmlet system df',
  dominfo: 'to show everything about a machine: vmlet inspect NAME',
  domstate: 'to show the state of machines: vmlet ls',
  down: 'to stop a machine: vmlet stop NAME',
  dumpxml: 'to show everything about a machine as JSON: vmlet inspect NAME',
  edit: 'to change the settings of a machine, see: vmlet set --help',
  history: 'to show the origin of an image: vmlet image inspect IMAGE',
  install: 'to install from an ISO: vmlet create NAME --iso FILE --disk SIZE --start',
  launch: 'to create and start a machine: vmlet create NAME --image IMAGE --start',
  list: 'to list machines: vmlet ls',
  login: 'to enter a machine: vmlet shell NAME or vmlet ssh NAME; pulling images needs no login',
  machine: 'leave out the word "machine", for example: vmlet ls',
  mount:
    'to share a directory of the host with a guest, use the option -v of vmlet run or vmlet create; with a machine: vmlet share add NAME SRC:DST',
  new: 'to create a machine: vmlet create NAME --image IMAGE',
  poweroff: 'to stop a machine: vmlet stop NAME',
  prune: 'to list unused data without removing it: vmlet system prune --dry-run',
  purge: 'to list unused data without removing it: vmlet system prune --dry-run',
  push: 'vmlet cannot upload images; to write an image to a file: vmlet image export IMAGE FILE',
  reboot: 'to restart a machine: vmlet restart NAME',
  recover:
    'to return a machine to a snapshot, see: vmlet snapshot restore --help; to create a machine from the disk of a removed machine: vmlet create NAME --image FILE,trusted --adopt; from the /data of micro: vmlet create NAME --image micro --disk FILE,adopt',
  remove: 'to remove machines, see: vmlet rm --help',
  shutdown: 'to stop a machine: vmlet stop NAME',
  snap: 'to create and list snapshots, see: vmlet snapshot --help',
  status: 'to show the state of machines: vmlet ls',
  suspend:
    'to pause a machine: vmlet pause NAME; to save its memory to disk and power it off: vmlet save NAME',
  tag: 'to name an image: vmlet image tag IMAGE NAME',
  top: 'to show resource usage: vmlet stats',
  undefine: 'to remove machines, see: vmlet rm --help',
  unpause: 'to resume a machine: vmlet resume NAME',
  up: 'to start a machine: vmlet start NAME',
  version:
    'to show the version of vmlet: vmlet --version; to show the versions of QEMU and passt: vmlet info',
  vm: 'leave out the word "vm", for example: vmlet ls',
};

/** Commands that are never suggested for a mistyped word. */
const DESTRUCTIVE: readonly string[] = ['rm', 'kill', 'reset', 'restore', 'prune', 'rename', 'save'];

/**
 * Reports an unknown command with a suggestion, and exits.
 * @param group the command that has no such subcommand.
 */
export function refuseUnknownCommand(group: Command, word: string): never {
  const path = pathOf(group);
  const known = group.createHelp().visibleCommands(group);
  const hint = adviceFor(
    path,
    word,
    known.map((command) => command.name()),
  );
  complain(`no such command: ${path} ${word}`.replace(': vmlet ', ': '), hint);
  throw new CommanderError(EXIT_VMLET, 'vmlet.unknownCommand', `no such command: ${word}`);
}

/** Reports an unknown command after `help`, and exits. */
export function refuseUnknownTopic(group: Command, word: string | undefined): void {
  if (word === undefined || word.startsWith('-')) return;
  const known = group.createHelp().visibleCommands(group);
  if (!known.some((command) => command.name() === word || command.aliases().includes(word))) {
    refuseUnknownCommand(group, word);
  }
}

function adviceFor(path: string, word: string, known: readonly string[]): string {
  const advice = path === PROGRAM && Object.hasOwn(ADVICE, word) ? ADVICE[word] : undefined;
  const safe = known.filter((name) => !DESTRUCTIVE.includes(name));
  const nearest = nearestName(word, safe);
  return (
    advice ??
    (nearest === undefined ? `to list commands: ${path} --help` : `did you mean: ${path} ${nearest}`)
  );
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
