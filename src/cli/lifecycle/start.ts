import { Command } from 'commander';
import { formatEndpoint } from '../../public/format.ts';
import { type LiveMachine, MachineStore } from '../../machines/index.ts';
import { debugLog } from '../output/debug-log.ts';
import { eachMachine, isRunning, namedOrAll } from '../session/each-machine.ts';
import { ImageNews } from '../output/image-news.ts';
import { ProgressLine } from '../output/progress.ts';
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
      process.stdout.write(flags.json ? `${JSON.stringify({ version: 1, plan }, null, 2)}\n` : script);
    }
    return;
  }
  const log = flags.debug && (await debugLog());
  const progress = new ProgressLine();
  const images = new ImageNews({ line: progress });
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
        onProgress: images.show,
        onInstalled: () => {
          progress.clear();
          process.stderr.write(installedNote(machine.name));
        },
        ...(flags.identityTimeout !== undefined && { identityTimeoutMs: flags.identityTimeout }),
        onRenewIdentity: () =>
          progress.show(`${machine.name} runs; giving its guest an identity of its own…`),
      });
      progress.clear();
      process.stderr.write(startNote(live) + (isNew ? firstBootNote(live) : ''));
    });
  } finally {
    progress.clear();
  }
}

/** Which ports were chosen, since nobody can know them; and what a clone still shares with its origin. */
export function startNote(machine: LiveMachine): string {
  const { identityProblem: problem } = machine;
  const identity =
    problem === undefined
      ? ''
      : `vmlet: ${machine.name} runs with the machine id, host keys and host name of its origin: ${problem.message}\n` +
        (problem.hint === undefined ? '' : `  ${problem.hint}\n`) +
        '  the next start tries again\n';
  const ports = machine
    .ports()
    .filter(({ ephemeral, guestPort }) => ephemeral && guestPort !== 22)
    .map(
      ({ hostAddress, hostPort, guestPort, protocol }) =>
        `vmlet: ${formatEndpoint(hostAddress, hostPort, protocol)} leads to port ${guestPort} of ${machine.name}\n`,
    )
    .join('');
  return ports + identity;
}

/** What is done at the first boot goes on when the start is done. */
export function firstBootNote({ spec }: LiveMachine): string {
  if (spec.hasSeed !== true) return '';
  return `vmlet: ${spec.name} boots for the first time; when that is done, and what of it failed, tells: vmlet wait ${spec.name} --for cloud-init\n`;
}

export function installedNote(name: string): string {
  return `vmlet: ${name}: the installer has done its work and is not started again\n`;
}
