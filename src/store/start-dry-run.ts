import type { Locations } from '../machine/locations.ts';
import type { NamedPlan } from '../machine/named-plan.ts';
import { keeperProgram } from '../machine/package-files.ts';
import { quoteForShell } from '../machine/quote.ts';
import { keeperArguments } from '../process/keeper.ts';
import type { Definition } from './definition.ts';
import { afterInstaller } from './installer.ts';
import { planStart, startDirectories } from './start-plan.ts';

export interface StartDryRun {
  readonly plan: NamedPlan;
  /** A shell script that starts the machine as `vmlet start` does. */
  readonly script: string;
}

export async function dryRunStart(locations: Locations, asked: Definition): Promise<StartDryRun> {
  const definition = afterInstaller(asked);
  const { files } = definition;
  const { plan, helpers, keeper } = await planStart(locations, definition, {}, { pull: 'never' });
  const lines = [
    '#!/bin/sh',
    `# What vmlet start ${definition.spec.name} does. The keeper stays until the machine has ended.`,
    'set -e',
    command(['mkdir', '-p', '-m', '700', ...startDirectories(files, plan)]),
    ...helpers.map(
      ({ argv, argumentsPath }) => `printf '%s\\0' ${command(argv)} > ${quoteForShell(argumentsPath)}`,
    ),
    `exec ${command([keeperProgram(), ...keeperArguments(keeper)])}`,
  ];
  return { plan, script: `${lines.join('\n')}\n` };
}

function command(words: readonly string[]): string {
  return words.map(quoteForShell).join(' ');
}
