import { type Command, CommanderError } from 'commander';
import { editDistance } from '../../util/nearest.ts';
import { EXIT_VMLET } from '../output/exit-code.ts';
import { complain } from '../output/say.ts';

const PROGRAM = 'vmlet';

/** Words of other programs that are no commands here, and what does the same. None is told to lose something. */
export const ADVICE: Readonly<Record<string, string>> = {
  build: 'images are built by: vmlet image build',
  connect: 'a machine is entered by vmlet shell, vmlet ssh or vmlet console',
  container: 'there is no word before the verb, as in: vmlet ls',
  define: 'machines are made by: vmlet create NAME',
  delete: 'machines are removed by rm; what that keeps and what not: vmlet rm --help',
  destroy: 'machines are stopped by: vmlet stop NAME; to power one off at once, see: vmlet kill --help',
  df: 'disk use is shown by: vmlet system df',
  dominfo: 'all about a machine is shown by: vmlet inspect NAME',
  domstate: 'the states of machines are shown by: vmlet ls --all',
  down: 'machines are stopped by: vmlet stop NAME',
  dumpxml: 'the definition of a machine is shown by: vmlet inspect NAME',
  edit: 'machines are changed by: vmlet set NAME, with a flag for each change; see: vmlet set --help',
  history: 'the layers of an image are shown by: vmlet image inspect IMAGE',
  install: 'a machine is installed from an ISO by: vmlet create NAME --cdrom FILE --disk SIZE',
  launch: 'a machine is made and started by: vmlet create NAME --image IMAGE --start',
  list: 'machines are listed by: vmlet ls',
  login: 'a machine is entered by vmlet shell or vmlet ssh; images need no login',
  machine: 'there is no word before the verb, as in: vmlet ls',
  mount: 'a directory of the host is not shared with guests yet; files are copied by: vmlet cp',
  new: 'machines are made by: vmlet create NAME',
  poweroff: 'machines are stopped by: vmlet stop NAME',
  prune: 'unused things are found by: vmlet system prune --dry-run',
  purge: 'unused things are found by: vmlet system prune --dry-run',
  push: 'images are written to files by: vmlet image export',
  reboot: 'machines are stopped and started again by: vmlet restart NAME',
  recover: 'a machine goes back to a snapshot by: vmlet snapshot restore NAME SNAPSHOT',
  remove: 'machines are removed by rm; what that keeps and what not: vmlet rm --help',
  shutdown: 'machines are stopped by: vmlet stop NAME',
  snap: 'snapshots are made and listed by: vmlet snapshot',
  status: 'the states of machines are shown by: vmlet ls --all',
  suspend: 'processors are stopped by: vmlet pause NAME; memory is written to a file by: vmlet save NAME',
  tag: 'images get names by: vmlet image tag',
  top: 'the use of resources is shown by: vmlet stats',
  undefine: 'machines are removed by rm; what that keeps and what not: vmlet rm --help',
  unpause: 'processors run again after: vmlet resume NAME',
  up: 'machines are started by: vmlet start NAME',
  version: 'the version is printed by: vmlet --version; those of QEMU and passt by: vmlet info',
  vm: 'there is no word before the verb, as in: vmlet ls',
  volume: 'disks are added and removed by: vmlet disk',
};

/** A word that was mistyped must not be answered with one of these: each loses something. */
const LOSING: readonly string[] = ['rm', 'kill', 'reset', 'restore', 'prune', 'rename', 'save'];

/**
 * Ends with what is wrong and what was probably meant.
 * @param group the command whose subcommands do not have that word.
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

export function adviceFor(path: string, word: string, known: readonly string[]): string {
  const advice = path === PROGRAM && Object.hasOwn(ADVICE, word) ? ADVICE[word] : undefined;
  const safe = known.filter((name) => !LOSING.includes(name));
  const nearest = theNearest(word, safe);
  return (
    advice ??
    (nearest === undefined ? `commands are listed by: ${path} --help` : `did you mean: ${path} ${nearest}`)
  );
}

function pathOf(command: Command): string {
  return command.parent === null ? command.name() : `${pathOf(command.parent)} ${command.name()}`;
}

/** One slip in a short word, two in a long one; undefined where several are as near. */
function theNearest(word: string, names: readonly string[]): string | undefined {
  const distances = names.map((name) => ({ name, distance: editDistance(word, name) }));
  const least = Math.min(...distances.map(({ distance }) => distance));
  const nearest = distances.filter(
    ({ name, distance }) => distance === least && distance <= (name.length < 5 ? 1 : 2),
  );
  return nearest.length === 1 ? nearest[0]?.name : undefined;
}
