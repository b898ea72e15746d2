import type { Locations } from '../../../machine/paths/locations.ts';
import type { NamedPlan } from '../../../machine/plan/named-plan.ts';
import { keeperProgram } from '../../../process/native/keeper-program.ts';
import { quoteForShell } from '../../../machine/qemu/quote.ts';
import { keeperArguments } from '../../../process/keeper.ts';
import type { TextFile } from '../../../util/files/atomic-file.ts';
import type { Definition } from '../../record/definition.ts';
import { afterInstaller } from '../../plan/after-installer.ts';
import { networksOf } from '../../record/network-members.ts';
import { startFiles } from './start-files.ts';
import { planStart, startDirectories } from './start-plan.ts';

export interface StartDryRun {
  readonly plan: NamedPlan;
  /** A shell script that starts the processes that `vmlet start` starts. Comments name the steps that it lacks. */
  readonly script: string;
}

export async function dryRunStart(locations: Locations, asked: Definition): Promise<StartDryRun> {
  const definition = afterInstaller(asked);
  const { files } = definition;
  const planned = await planStart(locations, definition, {}, { pull: 'never' });
  const { plan, keeper } = planned;
  const lines = [
    '#!/bin/sh',
    `# Starts the processes of "vmlet start ${definition.spec.name}". The last command, vmlet-keeper, runs until the machine ends.`,
    ...notIncluded(definition, plan).map((step) => `# Not included: ${step}.`),
    'set -e',
    'umask 077',
    command(['rm', '-rf', files.keeper]),
    command(['mkdir', '-p', ...startDirectories(files, plan)]),
    command(['rm', '-f', files.passtLog]),
    ...startFiles(locations, definition, planned).map(writeFile),
    `exec ${command([keeperProgram(), ...keeperArguments(keeper)])}`,
  ];
  return { plan, script: `${lines.join('\n')}\n` };
}

/** Returns the steps of a start that vmlet takes itself. */
function notIncluded({ spec }: Definition, { copies, incoming }: NamedPlan): string[] {
  const copying = copies.map(
    ({ source, target }) => `copying ${JSON.stringify(source)} to ${JSON.stringify(target)} in the guest`,
  );
  return [
    ...(spec.volumes?.length ? ['creating missing volumes'] : []),
    ...(networksOf(spec).length > 0 ? ['telling the switches and members of its networks about it'] : []),
    ...(incoming ? ['loading the saved memory, for which QEMU waits'] : copying),
    ...(spec.boot.kind === 'image' && !incoming ? ['setting the name and the network of the guest'] : []),
    ...(spec.command ? ['starting its command in the guest'] : []),
  ];
}

/** Prints text ending with NUL word by word: a shell string cannot contain a NUL. */
function writeFile({ path, text }: TextFile): string {
  const print = text.endsWith('\0')
    ? ['printf', '%s\\0', ...text.slice(0, -1).split('\0')]
    : ['printf', '%s', text];
  return `${command(print)} > ${quoteForShell(path)}`;
}

function command(words: readonly string[]): string {
  return words.map(quoteForShell).join(' ');
}
