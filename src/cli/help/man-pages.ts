import type { Argument, Command, Option } from 'commander';

type Entry = readonly [name: string, meaning: string];

const EXIT_STATUS: readonly Entry[] = [
  ['0', 'success; vmlet run, exec and ssh exit with the status of the command in the guest'],
  ['1', 'vmlet doctor: guests cannot run on this host; vmlet qmp: QEMU rejected the QMP command'],
  ['124', 'timed out'],
  ['125', 'vmlet itself failed, or the machine ended while the command ran'],
  ['126', 'the guest cannot start the command, for example because the file is not executable'],
  ['127', 'the command does not exist in the guest'],
  ['128 + n', 'signal n ended the command, or vmlet'],
  ['255', 'vmlet ssh: ssh cannot connect or log in'],
];

const ENVIRONMENT: readonly Entry[] = [
  [
    'XDG_DATA_HOME',
    'vmlet stores machines, images, templates, volumes and networks in the subdirectory vmlet of this directory (default: ~/.local/share)',
  ],
  [
    'XDG_CACHE_HOME',
    'vmlet stores its cache in the subdirectory vmlet of this directory: booted guests that vmlet run keeps for later runs, disks of throw-away machines, interrupted downloads, and detected features of the host (default: ~/.cache)',
  ],
  [
    'XDG_STATE_HOME',
    'vmlet stores the logs of machines and pools in the subdirectory vmlet of this directory (default: ~/.local/state)',
  ],
  [
    'XDG_CONFIG_HOME',
    'vmlet reads its settings from vmlet/config.yaml, and your own image catalogue from vmlet/images.yaml, in this directory (default: ~/.config)',
  ],
  [
    'XDG_RUNTIME_DIR',
    'vmlet stores the sockets of running machines in the subdirectory vmlet of this directory; if the variable is not set, in /tmp/vmlet-UID',
  ],
  [
    'VMLET_FRESH',
    'if set to 1, vmlet run always boots: it neither uses a kept guest nor keeps the new one (same as --fresh); 0, false, no and off have no effect',
  ],
  [
    'VMLET_KEPT_SIZE',
    'maximum size of the cache in which vmlet run keeps booted guests, such as 20G; 0 turns this cache off (default: kept.size in vmlet/config.yaml, otherwise a tenth of the file system, at most 20 GiB)',
  ],
  [
    'VMLET_KEPT_DAYS',
    'maximum age, in days, of a booted guest that vmlet run uses again (default: kept.days in vmlet/config.yaml, otherwise 7)',
  ],
  ['NO_COLOR, FORCE_COLOR', 'if set, NO_COLOR turns colours off, and FORCE_COLOR turns them on'],
];

/**
 * Manual pages by file name, from the definitions of the commands: one for the program and one for each verb.
 * @param loadProgram returns the program with a verb loaded.
 */
export async function manPages(
  verbs: readonly string[],
  loadProgram: (args: readonly string[]) => Promise<Command>,
): Promise<Map<string, string>> {
  const pages = new Map<string, string>();
  for (const verb of verbs) {
    const program = await loadProgram([verb]);
    const command = program.commands.find((candidate) => candidate.name() === verb);
    if (pages.size === 0) pages.set('vmlet.1', programPage(program));
    if (command) pages.set(`vmlet-${verb}.1`, verbPage(command, `vmlet ${verb}`, program.version() ?? ''));
  }
  return pages;
}

function programPage(program: Command): string {
  const groups = grouped(visibleCommands(program), (command) => command.helpGroup());
  return page('VMLET', program.version() ?? '', [
    section('NAME', [`vmlet \\- ${text('virtual machines without libvirt, daemon or root')}`]),
    section('SYNOPSIS', ['\\fBvmlet\\fR [\\fIOPTIONS\\fR] \\fICOMMAND\\fR [\\fIARGUMENTS\\fR]']),
    section('DESCRIPTION', [text(program.description())]),
    ...optionSection(program),
    section('COMMANDS', [
      ...[...groups].flatMap(([heading, commands]) => [
        `.SS ${text(heading.replace(/:$/, ''))}`,
        ...commands.flatMap((command) => term(bold(`vmlet-${command.name()}(1)`), command.summary())),
      ]),
    ]),
    section(
      'EXIT STATUS',
      EXIT_STATUS.flatMap(([status, meaning]) => term(bold(status), meaning)),
    ),
    section(
      'ENVIRONMENT',
      ENVIRONMENT.flatMap(([name, meaning]) => term(bold(name), meaning)),
    ),
    section('SEE ALSO', [`${bold('qemu')}(1), ${bold('passt')}(1), ${bold('podman')}(1)`]),
  ]);
}

function verbPage(command: Command, path: string, version: string): string {
  const name = path.replaceAll(' ', '-');
  const children = visibleCommands(command);
  return page(name.toUpperCase(), version, [
    section('NAME', [`${text(name)} \\- ${text(command.summary())}`]),
    section('SYNOPSIS', synopses(command, path)),
    section('DESCRIPTION', prose(command.description())),
    ...argumentSection(command),
    ...optionSection(command),
    ...(children.length === 0
      ? []
      : [
          section(
            'COMMANDS',
            children.flatMap((child) => subcommand(child, `${path} ${child.name()}`)),
          ),
        ]),
    ...afterSections(command),
    section('SEE ALSO', [`${bold('vmlet')}(1)`]),
  ]);
}

function synopses(command: Command, path: string): string[] {
  const children = visibleCommands(command);
  if (children.length === 0) return [synopsis(command, path)];
  const lines = children.map((child) => synopsis(child, `${path} ${child.name()}`));
  return [lines.join('\n.br\n')];
}

function synopsis(command: Command, path: string): string {
  const operands = command.registeredArguments.map((argument) => {
    const word = `\\fI${text(argument.name().toUpperCase())}\\fR${argument.variadic ? '...' : ''}`;
    return argument.required ? word : `[${word}]`;
  });
  return [bold(path), '[\\fIOPTIONS\\fR]', ...operands].join(' ');
}

function subcommand(command: Command, path: string): string[] {
  return [
    `.SS ${text(path)}`,
    synopsis(command, path),
    '.PP',
    ...prose(command.description()),
    ...command.registeredArguments.flatMap(argumentTerm),
    ...visibleOptions(command).flatMap(optionTerm),
  ];
}

function argumentSection(command: Command): string[][] {
  const terms = command.registeredArguments.flatMap(argumentTerm);
  return terms.length === 0 ? [] : [section('ARGUMENTS', terms)];
}

function argumentTerm(argument: Argument): string[] {
  return argument.description
    ? term(`\\fI${text(argument.name().toUpperCase())}\\fR`, argument.description)
    : [];
}

function optionSection(command: Command): string[][] {
  const groups = grouped(visibleOptions(command), (option) => option.helpGroupHeading ?? 'Options:');
  const lines = [...groups].flatMap(([heading, options], index) => [
    ...(index === 0 && heading === 'Options:' ? [] : [`.SS ${text(heading.replace(/:$/, ''))}`]),
    ...options.flatMap(optionTerm),
  ]);
  return lines.length === 0 ? [] : [section('OPTIONS', lines)];
}

function optionTerm(option: Option): string[] {
  const flags = option.flags.replaceAll(/[<[][^>\]]*(?:\[[^\]]*\])*[^>\]]*[>\]]/g, (value) =>
    value.toUpperCase(),
  );
  const choices = option.argChoices === undefined ? '' : ` (one of ${option.argChoices.join(', ')})`;
  const shown = option.defaultValue !== undefined && !option.description.includes('(default: ');
  const preset = shown && !Array.isArray(option.defaultValue) ? ` (default: ${option.defaultValue})` : '';
  return term(bold(flags), `${option.description}${preset}${choices}`);
}

/** Texts that follow the help, such as examples: a heading ends with a colon, its lines are indented. */
function afterSections(command: Command): string[][] {
  let whole = '';
  command.configureOutput({ writeOut: (words) => (whole += words) }).outputHelp();
  return whole
    .slice(command.helpInformation().length)
    .split(/\n(?=\S)/)
    .map((part) => part.trim())
    .filter((part) => part !== '')
    .map((part) => {
      const [, heading, inline = '', lines = ''] = /^([A-Z][^:\n]*):[ ]?(.*)\n?([\s\S]*)$/.exec(part) ?? [];
      if (heading === undefined) return section('NOTES', [text(part)]);
      return section(heading.toUpperCase(), [
        ...(inline === '' ? [] : [text(inline)]),
        ...(lines === '' ? [] : ['.nf', ...lines.split('\n').map((line) => text(line)), '.fi']),
      ]);
    });
}

function visibleCommands(command: Command): Command[] {
  return command
    .createHelp()
    .visibleCommands(command)
    .filter((child) => child.name() !== 'help');
}

function visibleOptions(command: Command): Option[] {
  return command
    .createHelp()
    .visibleOptions(command)
    .filter((option) => option.long !== '--help');
}

function grouped<T>(things: readonly T[], headingOf: (thing: T) => string): Map<string, T[]> {
  const groups = new Map<string, T[]>();
  for (const thing of things) {
    const heading = headingOf(thing);
    groups.set(heading, [...(groups.get(heading) ?? []), thing]);
  }
  return groups;
}

/** Without a date: the same commit gives the same bytes. */
function page(title: string, version: string, sections: readonly (readonly string[])[]): string {
  const head = `.TH ${text(title)} 1 "" "vmlet ${version}" "User Commands"`;
  return `${[head, ...sections.flat()].join('\n')}\n`;
}

const section = (heading: string, lines: readonly string[]): string[] => [`.SH ${text(heading)}`, ...lines];
const term = (head: string, description: string): string[] => ['.TP', head, text(description)];
const bold = (words: string): string => `\\fB${text(words)}\\fR`;

/** Text in which indented lines keep their line breaks. */
function prose(words: string): string[] {
  return words
    .split(/\n(?= {2})|(?<=\n {2}.*)\n(?! )/)
    .flatMap((part) => (/^ {2}/.test(part) ? ['.nf', text(part), '.fi'] : [text(part)]));
}

/** Text that roff prints as it is. */
function text(words: string): string {
  return words
    .replaceAll('\\', '\\e')
    .replaceAll('-', '\\-')
    .replaceAll('’', '\\(cq')
    .replaceAll('…', '\\&...')
    .replaceAll(/^([.'])/gm, '\\&$1');
}
