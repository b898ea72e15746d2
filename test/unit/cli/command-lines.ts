import { type Command, CommanderError } from 'commander';
import { loadVerb } from '../../../src/cli/commands.ts';
import { withoutAlias } from '../../../src/cli/help/aliases.ts';

/** Returns the words of each call of vmlet in a shell line. */
export function callsOfVmlet(line: string): string[][] {
  return line
    .split(/ (?:\||&&|;|&) ?|; |>>?/)
    .map((part) => part.trim().match(/'[^']*'|"[^"]*"|\S+/g) ?? [])
    .filter(([program]) => program === 'vmlet')
    .map((words) => withoutAlias(words.slice(1)));
}

/** Returns the errors of a call according to the command definitions: unknown flags, missing arguments. */
export async function problemsOfCall([word = '', ...rest]: readonly string[]): Promise<string[]> {
  if (word.startsWith('--')) return ['--help', '--version'].includes(word) ? [] : [`no option ${word}`];
  let command: Command | undefined = await loadVerb(word);
  if (command === undefined) return [`no command ${word}`];
  let words: readonly string[] = rest;
  for (;;) {
    const child: Command | undefined = command.commands.find((one) => one.name() === words[0]);
    if (child === undefined) break;
    command = child;
    words = words.slice(1);
  }
  if (words.includes('--help')) return [];
  const end = words.indexOf('--');
  const { unknown, operands, problem } = parse(command, end < 0 ? words : words.slice(0, end));
  if (problem !== undefined) return [problem];
  const passesOn = command.registeredArguments.at(-1)?.variadic === true;
  const flags = (passesOn ? unknown.slice(0, 1) : unknown).filter((flag) => flag.startsWith('-'));
  const needed =
    command.commands.length > 0 ? 1 : command.registeredArguments.filter((one) => one.required).length;
  return [
    ...flags.map((flag) => `no option ${flag}`),
    ...(operands.length < needed ? [`${needed} words needed, not ${operands.length}`] : []),
  ];
}

function parse(
  command: Command,
  words: readonly string[],
): { readonly unknown: string[]; readonly operands: string[]; readonly problem?: string } {
  command.exitOverride().configureOutput({ writeErr: () => undefined });
  try {
    return command.parseOptions([...words]);
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    return { unknown: [], operands: [], problem: error.message };
  } finally {
    command.parseOptions([]);
  }
}
