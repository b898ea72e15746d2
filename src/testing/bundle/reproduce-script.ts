import type { NamedTemplateOptions, TemplateOptions } from '../../template/create-template.ts';
import type { ForkOptions } from '../../template/fork-options.ts';
import { quoteForShell } from '../../machine/qemu/quote.ts';
import type { LaunchOptions } from '../../machine/spec/launch-options.ts';

/** What a machine was made from, as its maker wrote it. */
export type MachineOrigin =
  | { readonly kind: 'launch'; readonly options: LaunchOptions }
  | {
      readonly kind: 'fork';
      readonly template: TemplateOptions | NamedTemplateOptions;
      readonly fork: ForkOptions;
    };

export interface ReproduceOptions {
  /** What the test calls the machine. */
  readonly label: string;
  /** Where the test ran: paths in the options may be relative. */
  readonly cwd: string;
}

/** What belongs to the process that ran the test; the others are functions, which are left out as such. */
const OF_THE_TEST = new Set(['signal', 'log', 'console']);
/** What a guest is told at its first boot may be secret, and a bundle is passed around. */
const PRIVATE = new Set(['userData', 'content']);
const LEFT_OUT = '(left out of the bundle: it may be secret)';

/** A script that makes the machine anew by vmlet's library, and keeps it until Enter is pressed. */
export function reproduceScript(origin: MachineOrigin, { label, cwd }: ReproduceOptions): string {
  const program =
    origin.kind === 'launch' ? launchProgram(origin.options, label) : forkProgram(origin, label);
  const notes = notesOn(origin, program.join('\n'));
  return `${[
    '#!/bin/sh',
    `# Makes the machine ${comment(label)} as the test began with it, and keeps it until Enter is pressed.`,
    '# What the test did with it afterwards is no part of this: do that in the guest.',
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
    `const machine = await launch(${literal(options)});`,
    ...pauseWith(label, ['await machine.kill();']),
  ];
}

/** The template has gone with the test, or will; it is made again, where there is none that was made of the same. */
function forkProgram({ template, fork }: Extract<MachineOrigin, { kind: 'fork' }>, label: string): string[] {
  const isNamed = 'name' in template;
  const again = isNamed && !template.prepare ? { ...template, existing: 'reuse' } : withoutName(template);
  const isTemporary = !('existing' in again);
  return [
    "import { createTemplate } from 'vmlet';",
    "import { pauseTest } from 'vmlet/testing';",
    `const template = await createTemplate(${literal(again)});`,
    `const machine = await template.fork(${literal(fork)});`,
    ...pauseWith(label, [
      'await machine.kill();',
      ...(isTemporary ? ['await template[Symbol.asyncDispose]();'] : []),
    ]),
  ];
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

function notesOn(origin: MachineOrigin, program: string): string[] {
  const made = origin.kind === 'fork' ? origin.template : {};
  return [
    'It needs vmlet among the dependencies of the project that it changes into.',
    ...('prepare' in made && made.prepare
      ? ['The template was prepared by a function of the test too, which is not here: its work is missing.']
      : []),
    ...(program.includes(LEFT_OUT)
      ? ['Contents of files and user-data are left out, since they may be secret: put them in.']
      : []),
  ];
}

/** The options as JavaScript; they are plain data apart from what belongs to the test's process. */
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

/** A name cannot begin a new line of the script. */
function comment(text: string): string {
  return JSON.stringify(text);
}
