import type { Argument, Command, Option } from 'commander';
import { type Candidate, type Completions, completionsOfKind } from './completers.ts';

/** The position of the cursor on a command line. */
interface Cursor {
  readonly command: Command;
  readonly operands: readonly string[];
  /** The flag whose value comes next. */
  readonly awaiting: Option | undefined;
  /** True after `--`, or after the first operand of a command that passes the remaining words on. */
  readonly flagsEnded: boolean;
}

const KERNEL = '--kernel';
/** Flags of `run` in the place of an image: the first operand is the guest's command; with `--kernel`, not if it is `host`. */
const REPLACING_IMAGE = ['--template', '--pool', KERNEL];
const NOTHING: Completions = { candidates: [], paths: 'none' };

/**
 * Returns the completions of the last word, from commander's definitions.
 * @param words the words after the program's name; the last may be empty or incomplete.
 */
export async function completionsFor(program: Command, words: readonly string[]): Promise<Completions> {
  const typed = words.at(-1) ?? '';
  const { candidates, paths, precedeColon } = await completionsAt(
    cursorAfter(program, words.slice(0, -1)),
    typed,
  );
  if (precedeColon && typed.includes(':')) return NOTHING;
  return { candidates: candidates.filter(({ value }) => value.startsWith(typed)), paths };
}

function cursorAfter(program: Command, words: readonly string[]): Cursor {
  let command = program;
  let operands: string[] = [];
  let awaiting: Option | undefined;
  let flagsEnded = false;
  let replacing: string | undefined;
  for (const word of words) {
    const optional = awaiting?.optional === true && word.startsWith('-');
    if (awaiting !== undefined && !optional) {
      awaiting = undefined;
      continue;
    }
    awaiting = undefined;
    if (!flagsEnded && word === '--') {
      flagsEnded = true;
    } else if (!flagsEnded && word.startsWith('-') && word !== '-') {
      awaiting = flagWithoutItsValue(command, word);
      replacing ??= REPLACING_IMAGE.find((flag) => word === flag || word.startsWith(`${flag}=`));
    } else {
      const child = operands.length === 0 ? findCommand(command, word) : undefined;
      // `help` is followed by a verb, as the program itself is.
      if (child?.name() === 'help') continue;
      command = child ?? command;
      operands = child === undefined ? [...operands, word] : [];
      flagsEnded ||= child === undefined && passesTheRestOn(command, operands, replacing);
    }
  }
  return { command, operands, awaiting: awaiting?.required === true ? awaiting : undefined, flagsEnded };
}

async function completionsAt(
  { command, operands, awaiting, flagsEnded }: Cursor,
  typed: string,
): Promise<Completions> {
  const named = namedOperands(command, operands);
  if (awaiting !== undefined) return valuesOf(awaiting, named);
  if (!flagsEnded && typed.startsWith('-')) {
    const equals = typed.indexOf('=');
    return equals < 0 ? flagsOf(command) : valuesAfterEquals(command, typed.slice(0, equals), named);
  }
  const subcommands = operands.length === 0 ? subcommandsOf(command) : [];
  const argument = argumentAt(command, operands.length);
  const { candidates, ...others } = argument === undefined ? NOTHING : await valuesOf(argument, named);
  const fresh = candidates.filter(({ value }) => argument?.variadic !== true || !operands.includes(value));
  return { candidates: [...subcommands, ...fresh], ...others };
}

/** Returns the last flag of a word such as `--name` or `-itm` if its value is expected in the next word. */
function flagWithoutItsValue(command: Command, word: string): Option | undefined {
  if (word.startsWith('--')) return takingValue(findFlag(command, word));
  for (let at = 1; at < word.length; at++) {
    const flag = takingValue(findFlag(command, `-${word.charAt(at)}`));
    if (flag !== undefined) return at === word.length - 1 ? flag : undefined;
  }
  return undefined;
}

function takingValue(flag: Option | undefined): Option | undefined {
  return flag?.required === true || flag?.optional === true ? flag : undefined;
}

function findFlag(command: Command, word: string): Option | undefined {
  return command.options.find(({ long, short }) => long === word || short === word);
}

function findCommand(command: Command, word: string): Command | undefined {
  return visibleCommands(command).find((child) => child.name() === word || child.aliases().includes(word));
}

/** Flags after `[command...]` belong to the guest's command; `run` reads those between the image and `--`. */
function passesTheRestOn(
  command: Command,
  operands: readonly string[],
  replacing: string | undefined,
): boolean {
  const last = command.registeredArguments.at(-1);
  const namesImage = replacing === undefined || (replacing === KERNEL && operands[0] === 'host');
  const mayOnlyNameImage = namesImage && command.name() === 'run' && operands.length === 1;
  return last?.name() === 'command' && last.variadic && !mayOnlyNameImage;
}

function argumentAt(command: Command, index: number): Argument | undefined {
  const last = command.registeredArguments.at(-1);
  return command.registeredArguments[index] ?? (last?.variadic === true ? last : undefined);
}

function namedOperands(command: Command, operands: readonly string[]): ReadonlyMap<string, string> {
  return new Map(
    command.registeredArguments.flatMap((argument, at): [string, string][] => {
      const word = operands[at];
      return word === undefined ? [] : [[argument.name(), word]];
    }),
  );
}

function subcommandsOf(command: Command): Candidate[] {
  return visibleCommands(command).map((child) => ({
    value: child.name(),
    description: child.summary() || child.description(),
  }));
}

function visibleCommands(command: Command): Command[] {
  return command.createHelp().visibleCommands(command);
}

function flagsOf(command: Command): Completions {
  const candidates = command
    .createHelp()
    .visibleOptions(command)
    .map((option) => ({ value: option.long ?? option.short ?? '', description: option.description }));
  return { candidates, paths: 'none' };
}

async function valuesAfterEquals(
  command: Command,
  flag: string,
  operands: ReadonlyMap<string, string>,
): Promise<Completions> {
  const option = takingValue(findFlag(command, flag));
  if (option === undefined) return NOTHING;
  const { candidates, ...others } = await valuesOf(option, operands);
  return {
    candidates: candidates.map(({ value, description }) => ({ value: `${flag}=${value}`, description })),
    ...others,
  };
}

async function valuesOf(
  what: Option | Argument,
  operands: ReadonlyMap<string, string>,
): Promise<Completions> {
  if (what.argChoices !== undefined) {
    return { candidates: what.argChoices.map((value) => ({ value, description: '' })), paths: 'none' };
  }
  const kind = 'flags' in what ? /[<[]([^>\].:]+)/.exec(what.flags)?.[1] : what.name();
  return kind === undefined ? NOTHING : completionsOfKind(kind, operands);
}
