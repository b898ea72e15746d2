import { Command } from 'commander';
import { formatEndpoint } from '../../public/format.ts';
import { type LiveMachine, MachineStore } from '../../machines/index.ts';
import { debugLog } from '../output/debug-log.ts';
import { eachMachine, isRunning, namedOrAll } from '../session/each-machine.ts';
import { ProgressLine, describeImageProgress } from '../output/progress.ts';
import { note, printJson } from '../output/say.ts';
import { durationMs } from '../flags/flag-values.ts';

interface Flags {
  readonly all?: true;
  readonly paused?: true;
  readonly identityTimeout?: number;
  readonly discardSaved?: true;
  readonly debug?: true;
  readonly dryRun?: true;
  readonly json?: true;
}

export function startCommand(): Command {
  return new Command('start')
    .description('Starts machines, or goes on with their saved state. They live on when this command ends.')
    .argument('[machines...]', 'their names')
    .option('-a, --all', 'all that do not run')
    .option('--paused', 'do not let them run before vmlet resume')
    .option('--discard-saved', 'boot, and forget the saved memory')
    .option(
      '--identity-timeout <time>',
      'how long the guest of a clone may take to boot, to be given an identity of its own (default: 60s; six times as long without KVM)',
      durationMs,
    )
    .option('--debug', 'say on stderr what is done and when, as JSON lines')
    .option('--dry-run', 'print the commands that would be run, and run none')
    .option('--json', 'with --dry-run: print the plan as JSON')
    .action(start);
}

async function start(given: string[], flags: Flags): Promise<void> {
  const names = namedOrAll(given, flags, (machine) => 'status' in machine && !isRunning(machine));
  if (flags.dryRun) {
    const store = new MachineStore();
    for (const name of names) {
      const { plan, script } = await store.get(name).dryRun();
      if (flags.json) printJson({ version: 1, plan });
      else process.stdout.write(script);
    }
    return;
  }
  const log = flags.debug && (await debugLog());
  const progress = new ProgressLine();
  try {
    progress.show(`starting ${names.join(', ')}…`);
    await eachMachine(names, async (machine, signal) => {
      // A clone's guest has booted before, on its origin.
      const isNew = machine.status().kind === 'created' && machine.spec.guestIdentity === 'own';
      const live = await machine.start({
        signal,
        paused: flags.paused ?? false,
        discardSaved: flags.discardSaved ?? false,
        ...(log && { log }),
        onProgress: (news) => progress.show(describeImageProgress(news)),
        onInstalled: () => {
          progress.clear();
          sayInstalled(machine.name);
        },
        ...(flags.identityTimeout !== undefined && { identityTimeoutMs: flags.identityTimeout }),
        onRenewIdentity: () =>
          progress.show(`${machine.name} runs; giving its guest an identity of its own…`),
      });
      progress.clear();
      sayStarted(live);
      if (isNew) sayFirstBoot(live);
    });
  } finally {
    progress.clear();
  }
}

/** Which ports were chosen, since nobody can know them; and what a clone still shares with its origin. */
export function sayStarted(machine: LiveMachine): void {
  for (const { ephemeral, hostAddress, hostPort, guestPort, protocol } of machine.ports()) {
    if (!ephemeral || guestPort === 22) continue;
    note(`${formatEndpoint(hostAddress, hostPort, protocol)} leads to port ${guestPort} of ${machine.name}`);
  }
  const { identityProblem: problem } = machine;
  if (problem === undefined) return;
  note(
    `${machine.name} runs with the machine id, host keys and host name of its origin: ${problem.message}`,
    ...(problem.hint === undefined ? [] : [problem.hint]),
    'the next start tries again',
  );
}

/** What is done at the first boot goes on when the start is done. */
export function sayFirstBoot({ spec }: LiveMachine): void {
  if (spec.hasSeed !== true) return;
  note(
    `${spec.name} boots for the first time. To wait for it and see errors: vmlet wait ${spec.name} --for cloud-init`,
  );
}

export function sayInstalled(name: string): void {
  note(`${name}: the installer has done its work and is not started again`);
}
