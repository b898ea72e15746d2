import { InvalidInputError } from '../errors/index.ts';
import { Command, InvalidArgumentError } from 'commander';
import { ALIASES, verbAt } from './help/aliases.ts';
import { complain } from './output/say.ts';
import { GROUPS, VERBS, loadVerb } from './commands.ts';
import { chooseColour, colourOption } from './output/colour.ts';
import { EXAMPLES } from './help/examples.ts';
import { usageHint } from './help/usage-hint.ts';
import { refuseUnknownCommand, refuseUnknownTopic } from './help/unknown-command.ts';

/** The whole command. Only the requested verb is loaded; the others are a name and a summary. */
export async function programFor(args: readonly string[], version: string): Promise<Command> {
  const program = new Command('vmlet')
    .description('Runs virtual machines as podman runs containers: without libvirt, a daemon or root.')
    .version(version)
    .enablePositionalOptions()
    .showHelpAfterError('(see --help)')
    .configureOutput({ outputError: (text) => reportUsageError(text, args.slice(verbAt(args))) })
    .addOption(colourOption())
    .on('option:color', chooseColour)
    .exitOverride();
  program.addHelpCommand(helpCommand().helpGroup('Host:'));
  const at = verbAt(args);
  const asked = args[at];
  // `vmlet help VERB` shows all flags, whatever follows.
  const words = at === 0 ? args.slice(1) : [];
  for (const group of GROUPS) {
    for (const [name, verb] of Object.entries(VERBS)) {
      if (verb.group !== group) continue;
      const command = (name === asked ? await loadVerb(name, words) : undefined) ?? new Command(name);
      if (name === asked && NAMING_VERBS.includes(name)) reserveCommandWords(command);
      inheritSettings(command, program);
      command.addHelpText('after', examplesOf(name));
      program.addCommand(command.summary(verb.summary).helpGroup(`${group}:`));
    }
  }
  const aliases = Object.entries(ALIASES).map(([alias, words]) => `${alias} (${words.join(' ')})`);
  program.addHelpText('after', `\nAliases: ${aliases.join(', ')}`);
  refuseUnknownWords(program);
  refuseUnknownTopics(program, args);
  return program;
}

function examplesOf(verb: string): string {
  const lines = EXAMPLES[verb] ?? [];
  return ['', 'Examples:', ...lines.map((line) => `  ${line}`)].join('\n');
}

/**
 * Shortens commander's messages; a suggestion becomes a line of its own.
 * @param words of the command line, from the verb on.
 */
function reportUsageError(text: string, words: readonly string[]): void {
  const [problem = '', suggestion] = text.trimEnd().split(/\n(?=\(Did you mean [^\n]*$)/);
  const hint = usageHint(words, problem) ?? suggestion;
  complain(rewriteMessage(problem), ...(hint === undefined ? [] : [hint]));
}

/** Rewrites commander's messages about values in the style of our own errors. */
function rewriteMessage(text: string): string {
  return text
    .replace(/^error: /, '')
    .replace(
      /option '(?:-\w, )?(--[\w-]+)[^']*' argument '(.*)' is invalid\. /s,
      'invalid value "$2" for $1: ',
    )
    .replace(/command-argument value '(.*)' is invalid for argument '([^']*)'\. /s, 'invalid $2 "$1": ')
    .replace(
      /Allowed choices are (.*)\.$/,
      (_, choices: string) => `expected ${choices.replace(/, ([^,]*)$/, ' or $1')}`,
    )
    .replace(
      /^too many arguments(?: for '(.*)')?\. Expected (\d+) arguments? but got (\d+)\.$/,
      'too many arguments for $1: expected $2, got $3',
    )
    .replace(/^missing required argument '(.*)'$/, 'missing argument: $1')
    .replace(/^required option '(?:-\w, )?(--[\w-]+)[^']*' not specified$/, 'missing option: $1')
    .replace(/^unknown option '(.*)'$/s, 'unknown option: $1')
    .replace(/^option '(?:-\w, )?(--[\w-]+)[^']*' argument missing$/, 'missing value for $1');
}

/** Verbs that give a machine a new name. */
const NAMING_VERBS: readonly string[] = ['create', 'clone', 'rename', 'run'];
/**
 * The subcommands of verbs whose subcommand is optional, as in `vmlet port NAME`. Listed here, since `run` should not
 * load these verbs.
 */
export const OPTIONAL_SUBCOMMANDS: Readonly<Record<string, readonly string[]>> = {
  port: ['add', 'rm', 'ls'],
  qmp: ['types'],
  snapshot: ['create', 'ls', 'restore', 'rm'],
};

/** Rejects names of commands: such a machine could not be addressed after these verbs. */
function reserveCommandWords(command: Command): void {
  const subcommands = Object.values(OPTIONAL_SUBCOMMANDS).flat();
  const reserved = new Set(['help', ...Object.keys(VERBS), ...Object.keys(ALIASES), ...subcommands]);
  const argument = command.registeredArguments.find((candidate) => candidate.name() === 'name');
  const refusal = (name: string): string => `"${name}" is a command of vmlet; choose another name`;
  argument?.argParser((name) => {
    if (reserved.has(name)) throw new InvalidArgumentError(refusal(name));
    return name;
  });
  // `run --name` without --detach names no machine that could be addressed.
  command.hook('preAction', (run) => {
    const { detach, name } = run.opts<{ detach?: true; name?: string }>();
    if (detach && name !== undefined && reserved.has(name))
      throw new InvalidInputError('--name', refusal(name));
  });
}

function helpCommand(): Command {
  return new Command('help')
    .argument('[command]')
    .summary('show the help of a command')
    .description('Shows the help of a command.');
}

function inheritSettings(command: Command, parent: Command): void {
  command.copyInheritedSettings(parent);
  for (const child of command.commands) {
    inheritSettings(child, command);
  }
  if (command.commands.length > 0) command.addHelpCommand(helpCommand());
  refuseUnknownWords(command);
}

/** commander prints the help of all commands for `help` of an unknown one, without saying so. */
function refuseUnknownTopics(program: Command, args: readonly string[]): void {
  const words = args.slice(args.findIndex((word) => word === 'help' || Object.hasOwn(VERBS, word)));
  if (words[0] === 'help') refuseUnknownTopic(program, words[1]);
  const group = program.commands.find((command) => command.name() === words[0]);
  if (group && group.commands.length > 0 && words[1] === 'help') refuseUnknownTopic(group, words[2]);
}

/** Replaces commander's suggestion, which may be a destructive command such as rm. */
function refuseUnknownWords(command: Command): void {
  if (command.commands.length === 0) return;
  command.on('command:*', ([word = '']: string[]) => refuseUnknownCommand(command, word));
}
