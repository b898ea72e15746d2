import { type Command, CommanderError } from 'commander';
import { editDistance } from '../../util/options/nearest.ts';
import { EXIT_VMLET } from '../output/exit-code.ts';
import { complain } from '../output/say.ts';
import { adviceOn } from './habits.ts';

const PROGRAM = 'vmlet';

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
  const advice = adviceOn(words);
  if (advice !== undefined) return advice;
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
