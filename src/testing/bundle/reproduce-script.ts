import type { NamedTemplateOptions, TemplateOptions } from '../../template/create-template.ts';
import type { ForkOptions } from '../../template/fork-options.ts';
import { quoteForShell } from '../../machine/qemu/quote.ts';
import type { LaunchOptions } from '../../machine/spec/launch-options.ts';

/** Options that a machine was created from. */
export type CreationOptions =
  | { readonly kind: 'launch'; readonly options: LaunchOptions }
  | {
      readonly kind: 'fork';
      readonly template: TemplateOptions | NamedTemplateOptions;
      readonly fork: ForkOptions;
    };

export interface ReproduceOptions {
  /** Label of the machine in the test. */
  readonly label: string;
  /** Working directory of the test: paths in the options may be relative. */
  readonly cwd: string;
}

/** Options that belong to the test's process; functions are omitted anyway. */
const OF_THE_TEST = new Set(['signal', 'log', 'console']);
/** Options for the first boot that may be secret: bundles are passed around. */
const PRIVATE = new Set(['userData', 'content']);
const LEFT_OUT = '(omitted from the bundle: it may be secret)';

/** Returns a script that creates the machine again with vmlet's library, and keeps it until Enter is pressed. */
export function reproduceScript(origin: CreationOptions, { label, cwd }: ReproduceOptions): string {
  const program =
    origin.kind === 'launch' ? launchProgram(origin.options, label) : forkProgram(origin, label);
  const notes = notesOn(origin, program.join('\n'));
  return `${[
    '#!/bin/sh',
    `# Creates the machine ${comment(label)} as it was at the start of the test, and keeps it until you press Enter.`,
    '# The actions of the test are not included: repeat them in the guest.',
    ...notes.map((note) => `# ${note}`),
    `cd ${quoteForShell(cwd)} || exit`,
    "exec node --input-type=module - <<'END OF PROGRAM'",
    ...program,
    'END OF PROGRAM',
  ].join('\n')}\n`;
}

function launchProgram(options: LaunchOptions, label: string): string[] {
  return [
    "import { launch } from 'vmlet';",
    "import { pauseTest } from 'vmlet/testing';",
    `const machine = await launch(${literal(withoutOwnNetworks(options))});`,
    ...pauseWith(label, ['await machine.kill();']),
  ];
}

/** The test's template is removed with the test; it is created again unless an identical one exists. */
function forkProgram(
  { template, fork }: Extract<CreationOptions, { kind: 'fork' }>,
  label: string,
): string[] {
  const isNamed = 'name' in template;
  const again = isNamed && !template.prepare ? { ...template, existing: 'reuse' } : withoutName(template);
  const isTemporary = !('existing' in again);
  return [
    "import { createTemplate } from 'vmlet';",
    "import { pauseTest } from 'vmlet/testing';",
    `const template = await createTemplate(${literal(again)});`,
    `const machine = await template.fork(${literal(withoutOwnNetworks(fork))});`,
    ...pauseWith(label, [
      'await machine.kill();',
      ...(isTemporary ? ['await template[Symbol.asyncDispose]();'] : []),
    ]),
  ];
}

type Joining = Pick<LaunchOptions, 'networks'>;

/** Only networks of named machines, which are strings, exist outside of the test's process. */
function withoutOwnNetworks(options: Joining): object {
  const networks = (options.networks ?? []).filter((given) => typeof given === 'string');
  return { ...options, networks: networks.length > 0 ? networks : undefined };
}

function ownNetworks({ networks = [] }: Joining): string[] {
  const own = networks.filter((given) => typeof given !== 'string');
  return own.map((given) => ('network' in given ? given.network.name : given.name));
}

function withoutName(template: TemplateOptions & Partial<NamedTemplateOptions>): TemplateOptions {
  const { name: _name, existing: _existing, ...others } = template;
  return others;
}

function pauseWith(label: string, after: readonly string[]): string[] {
  return [
    'try {',
    `  await pauseTest({ ${JSON.stringify(label)}: machine });`,
    '} finally {',
    ...after.map((line) => `  ${line}`),
    '}',
  ];
}

function notesOn(origin: CreationOptions, program: string): string[] {
  const made = origin.kind === 'fork' ? origin.template : {};
  const networks = ownNetworks(origin.kind === 'fork' ? origin.fork : origin.options);
  return [
    'The npm project in the directory below must depend on vmlet.',
    ...('prepare' in made && made.prepare
      ? [
          'The test also prepared the template with a function. This script does not run the function, so its effects are missing.',
        ]
      : []),
    ...(networks.length > 0
      ? [
          `The machine was in private networks of the test: ${networks.join(', ')}. This script does not create them, nor the other machines in them.`,
        ]
      : []),
    ...(program.includes(LEFT_OUT)
      ? [
          'The contents of files and of user-data are omitted, because they may be secret. Add them before you run this script.',
        ]
      : []),
  ];
}

/** Formats the options as JavaScript; without those of the test's process they are plain data. */
function literal(options: object): string {
  const written = JSON.stringify(
    options,
    (key, value: unknown) => {
      if (OF_THE_TEST.has(key) || typeof value === 'function') return undefined;
      return PRIVATE.has(key) ? LEFT_OUT : value;
    },
    2,
  );
  return written;
}

/** Quotes a label, so that it cannot begin a new line of the script. */
function comment(text: string): string {
  return JSON.stringify(text);
}
