import { Command } from 'commander';
import { type LiveMachine, MachineStore, type NamedMachine, type SshAccess } from '../../machines/index.ts';
import { exitCodeOfSignal } from '../output/exit-code.ts';
import { ProgressLine, describeWait } from '../output/progress.ts';
import { durationMs } from '../flags/flag-values.ts';
import { untilInterrupted } from '../session/until-interrupted.ts';
import { note, printLine } from '../output/say.ts';

interface Flags {
  readonly tty?: true;
  readonly timeout?: number;
  readonly provision?: true;
  readonly printKey?: true;
}

/** A guest that boots takes longer. */
const SILENT_MS = 5000;
/** ssh's own status when it could not connect or log in. */
const SSH_FAILED = 255;

export function sshCommand(): Command {
  return new Command('ssh')
    .description(
      'Logs in by the system’s ssh, or runs a command, and exits with its status. It waits until the guest’s ssh server ' +
        'answers. With the first connection, an agent in the guest (vmlet’s or QEMU’s) authorizes the machine’s own key ' +
        'and tells the host keys; without an agent the first host key is accepted, and the key has to be put into the ' +
        'guest by hand (--print-key).',
    )
    .argument('<machine>', 'its name')
    .argument('[command...]', 'what to run; a login shell where none is given')
    .option('-t, --tty', 'give the command a terminal')
    .option(
      '--timeout <time>',
      'how long to wait for the ssh server (default: 2m; six times as long without KVM)',
      durationMs,
    )
    .option(
      '--provision',
      'authorize the key and ask for the host keys again, as after a snapshot was restored',
    )
    .option(
      '--print-key',
      'print the machine’s public key, for authorized_keys in the guest, and do nothing else',
    )
    .passThroughOptions()
    .action(async (name: string, _words: string[], flags: Flags, command: Command) => {
      // Whatever follows the name is the command's own, so that commander leaves its first -- in place.
      const [, ...rest] = command.args;
      await ssh(name, rest[0] === '--' ? rest.slice(1) : rest, flags);
    });
}

export async function ssh(name: string, words: readonly string[], flags: Flags): Promise<void> {
  const machine = new MachineStore().get(name);
  if (flags.printKey) {
    printLine(await machine.publicKey());
    return;
  }
  const live = machine.live();
  const access = await prepare(live, flags);
  const { exitCode, signal } = await live.runSsh(access, words, flags.tty);
  process.exitCode = signal === undefined ? (exitCode ?? 0) : exitCodeOfSignal(signal);
  if (exitCode === SSH_FAILED) await hintAtLogin(machine, live, access);
}

async function prepare(live: LiveMachine, flags: Flags): Promise<SshAccess> {
  const progress = new ProgressLine();
  let doing = `waiting for ssh of ${live.name}…`;
  // Without a terminal to show it on, it is said once.
  const sayOnce = setTimeout(() => {
    if (!progress.enabled) note(doing);
  }, SILENT_MS);
  try {
    return await untilInterrupted(async (signal) =>
      live.prepareSsh({
        signal,
        timeoutMs: flags.timeout,
        provision: flags.provision,
        onProgress: (waiting) => {
          doing =
            waiting.length === 0 ? `asking ${live.name} for its keys…` : describeWait(live.name, waiting);
          progress.show(doing);
        },
      }),
    );
  } finally {
    clearTimeout(sayOnce);
    progress.clear();
  }
}

/** ssh has said what went wrong; only where it was the login there is something to do about it here. */
async function hintAtLogin(machine: NamedMachine, live: LiveMachine, access: SshAccess): Promise<void> {
  const isRefused = await untilInterrupted(
    async (signal) => machine.status().kind === 'running' && (await live.refusesSsh(access, { signal })),
  );
  if (isRefused) note(loginHint(live, access));
}

function loginHint({ name, spec }: LiveMachine, { authorized }: SshAccess): string {
  return authorized
    ? `${name} does not know our key any more, or has other keys, as after a snapshot was restored; set them up again: ` +
        `vmlet ssh --provision ${name}`
    : `${name} has no agent that lets our key in; put it into ~/.ssh/authorized_keys of ${spec.sshUser} there: ` +
        `vmlet ssh --print-key ${name}`;
}
