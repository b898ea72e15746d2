import { Command } from 'commander';
import { InvalidInputError } from '../../errors/index.ts';
import { formatEndpoint } from '../../public/format.ts';
import { type LiveMachine, MachineStore, type NamedMachine } from '../../machines/index.ts';
import { debugLog } from '../output/debug-log.ts';
import { eachMachine, isRunning, namedOrAll } from '../session/each-machine.ts';
import { ProgressLine, describeImageProgress } from '../output/progress.ts';
import { note, printJson } from '../output/say.ts';
import { durationMs, requireDryRun } from '../flags/flag-values.ts';

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
    .description('Starts machines in the background, or resumes them from saved memory.')
    .argument('[machines...]', 'names of the machines')
    .option('-a, --all', 'start all stopped machines')
    .option(
      '--paused',
      'start with paused processors; to continue: vmlet resume; a new clone keeps the identity of the original until another start',
    )
    .option('--discard-saved', 'boot, and discard the saved memory: the state of running programs is lost')
    .option(
      '--identity-timeout <time>',
      'time limit for the first boot of a clone; after the boot, vmlet gives the clone its own machine id and ssh host keys (default: 60s; 6m without KVM)',
      durationMs,
    )
    .option('--debug', 'print a debug log to stderr, as JSON lines')
    .option(
      '--dry-run',
      'print a shell script that starts the machine, instead of starting it; for one machine',
    )
    .option('--json', 'with --dry-run: print JSON instead of a shell script')
    .action(start);
}

async function start(given: string[], flags: Flags): Promise<void> {
  requireDryRun(flags);
  const names = namedOrAll(given, flags, (machine) => 'status' in machine && !isRunning(machine));
  if (flags.dryRun) {
    await printPlan(names, flags);
    return;
  }
  const log = flags.debug && (await debugLog());
  const progress = new ProgressLine();
  try {
    progress.show(`starting ${names.join(', ')}…`);
    await eachMachine(names, async (machine, signal) => {
      // The guest of a clone has already booted, in the original machine.
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
          progress.show(`${machine.name} is running; giving the clone its own machine id and ssh host keys…`),
      });
      progress.clear();
      sayStarted(live);
      await sayOutsideUnit(machine);
      if (isNew) sayFirstBoot(live);
    });
  } finally {
    progress.clear();
  }
}

/** @throws InvalidInputError for flags of a real start, and unless it is one machine: a script ends with its first. */
async function printPlan(given: readonly string[], { paused, discardSaved, json }: Flags): Promise<void> {
  const other = paused ? '--paused' : discardSaved ? '--discard-saved' : undefined;
  if (other !== undefined) {
    throw new InvalidInputError('--dry-run', `cannot be used together with ${other}`, {
      hint: `leave out --dry-run or ${other}`,
    });
  }
  const names = [...new Set(given)];
  const [name] = names;
  if (name === undefined || names.length > 1) {
    throw new InvalidInputError('--dry-run', `requires exactly one machine, not ${names.length}`, {
      hint: 'for each machine, run: vmlet start --dry-run NAME',
    });
  }
  const { plan, script } = await new MachineStore().get(name).dryRun();
  if (json) printJson({ version: 1, plan });
  else process.stdout.write(script);
}

/** Reports chosen ports, and the identity that a clone still shares with the original machine. */
export function sayStarted(machine: LiveMachine): void {
  for (const { ephemeral, automatic, hostAddress, hostPort, guestPort, protocol } of machine.ports()) {
    if (!ephemeral || automatic) continue;
    note(
      `forwarding ${formatEndpoint(hostAddress, hostPort, protocol)} to port ${guestPort} of ${machine.name}`,
    );
  }
  for (const { target, problem } of machine.failedMounts())
    note(`${machine.name}: cannot mount ${target}: ${problem}`);
  const { identityProblem: problem } = machine;
  if (problem === undefined) {
    sayCopiedIdentity(machine);
    return;
  }
  note(
    `clone "${machine.name}" may still have the machine id, ssh host keys and host name of the original machine: ${problem.message}`,
    ...(problem.hint === undefined ? [] : [problem.hint]),
    `vmlet tries again at the next start of the clone: vmlet restart ${machine.name}`,
  );
}

export async function sayOutsideUnit(machine: Pick<NamedMachine, 'name' | 'runsOutsideUnit'>): Promise<void> {
  const { name } = machine;
  if (!(await machine.runsOutsideUnit())) return;
  note(
    `machine "${name}" runs outside of its systemd unit, which does not stop it or start it again`,
    `to run it in its unit: vmlet stop ${name} && systemctl --user start vmlet-${name}`,
  );
}

/** A clone that was not booted, but paused or resumed, has not got its own identity yet. */
export function sayCopiedIdentity({ name, spec }: Pick<LiveMachine, 'name' | 'spec'>): void {
  // A micro guest stores no identity.
  if (spec.guestIdentity === 'own' || spec.boot.kind === 'image') return;
  note(
    `clone "${name}" has the machine id, ssh host keys and host name of the original machine`,
    `vmlet gives it its own when it next boots without --paused: vmlet restart ${name}`,
  );
}

/** The first-boot setup continues after the start. */
export function sayFirstBoot({ spec }: LiveMachine): void {
  if (spec.hasSeed !== true) return;
  note(
    `machine "${spec.name}" boots for the first time; to wait for the end of its setup, run: vmlet wait ${spec.name} --for cloud-init`,
  );
}

export function sayInstalled(name: string): void {
  note(`${name}: installation finished; from now on the machine boots from its disk`);
}
