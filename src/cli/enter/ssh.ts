import { Command } from 'commander';
import { InvalidInputError, NoSshServerError } from '../../errors/index.ts';
import { type LiveMachine, MachineStore, type NamedMachine, type SshAccess } from '../../machines/index.ts';
import { exitCodeOfSignal } from '../output/exit-code.ts';
import { ProgressLine, describeWait } from '../output/progress.ts';
import { durationMs } from '../flags/flag-values.ts';
import { untilInterrupted } from '../session/until-interrupted.ts';
import { note, printLine } from '../output/say.ts';
import { isOnTerminal } from '../session/terminal.ts';
import { commandAsBySsh, runAgentShell } from './agent-shell.ts';

interface Flags {
  readonly tty?: true;
  readonly timeout?: number;
  readonly provision?: true;
  readonly printKey?: true;
  readonly stdio?: true;
}

/** Time for a guest that is still booting. */
const SILENT_MS = 5000;
/** The exit status of ssh when it could not connect or log in. */
const SSH_FAILED = 255;

export function sshCommand(): Command {
  return new Command('ssh')
    .description(
      'Logs in to a machine with the ssh program of the host, or runs a command there and exits with the status of the ' +
        'command. Waits until the guest’s ssh server answers. vmlet has a login key for each machine: at the first ' +
        'connection, an agent in the guest (vmlet’s or QEMU’s) authorizes this key and reports the host keys. If the ' +
        'guest has no agent, ssh accepts the first host key, and you have to add the login key to the guest yourself ' +
        '(--print-key prints the key). If the guest has vmlet’s agent but no ssh server (as in the image micro), the agent ' +
        'opens the shell or runs the command.',
    )
    .argument('<machine>', 'name of the machine')
    .argument('[command...]', 'command to run (default: a login shell)')
    .option('-t, --tty', 'allocate a terminal for the command')
    .option(
      '--timeout <time>',
      'how long to wait for the ssh server (default: 2m, or 12m without KVM)',
      durationMs,
    )
    .option(
      '--provision',
      'authorize the login key and read the host keys again, for example after restoring a snapshot',
    )
    .option(
      '--print-key',
      'print the public login key, to be added to authorized_keys in the guest, and exit; cannot be used together with a command or other options',
    )
    .option(
      '--stdio',
      'for the ProxyCommand of ssh: connect stdin and stdout to the guest’s ssh server, through vmlet’s agent or, if the agent does not answer, through a forwarded port; cannot be used together with a command, --provision or --tty',
    )
    .passThroughOptions()
    .action(async (name: string, _words: string[], flags: Flags, command: Command) => {
      // commander keeps the first `--` after the name, since the words there belong to the command.
      const [, ...rest] = command.args;
      await ssh(name, rest[0] === '--' ? rest.slice(1) : rest, flags);
    });
}

export async function ssh(name: string, words: readonly string[], flags: Flags): Promise<void> {
  refuseTogether(words, flags);
  const machine = new MachineStore().get(name);
  if (flags.printKey) {
    printLine(await machine.publicKey());
    return;
  }
  const live = machine.live();
  if (flags.stdio) {
    const { pipeToSshServer } = await import('./ssh-stdio.ts');
    await pipeToSshServer(live, flags.timeout);
    return;
  }
  const access = await prepare(live, flags).catch((error: unknown) => {
    if (error instanceof NoSshServerError && !flags.provision) return undefined;
    throw error;
  });
  // Here one can find out why; other verbs refuse to run commands without a mount.
  for (const { target, problem } of live.failedMounts()) note(`cannot mount ${target}: ${problem}`);
  if (access === undefined) {
    process.exitCode = await enterByAgent(live, words, flags);
    return;
  }
  const { exitCode, signal } = await live.runSsh(access, words, flags.tty);
  process.exitCode = signal === undefined ? (exitCode ?? 0) : exitCodeOfSignal(signal);
  if (exitCode === SSH_FAILED) await hintAtLogin(machine, live, access);
}

/** `--print-key` and `--stdio` replace the login, to which the others belong. */
function refuseTogether(words: readonly string[], { printKey, stdio, provision, tty, timeout }: Flags): void {
  const alone = printKey ? '--print-key' : stdio ? '--stdio' : undefined;
  if (alone === undefined) return;
  const [other] = [
    ...(words.length > 0 ? ['a command'] : []),
    ...(printKey && stdio ? ['--stdio'] : []),
    ...(provision ? ['--provision'] : []),
    ...(tty ? ['--tty'] : []),
    ...(printKey && timeout !== undefined ? ['--timeout'] : []),
  ];
  if (other === undefined) return;
  throw new InvalidInputError(alone, `cannot be used together with ${other}`, {
    hint: `leave out ${alone} or ${other.replace('a command', 'the command')}`,
  });
}

async function prepare(live: LiveMachine, flags: Flags): Promise<SshAccess> {
  const progress = new ProgressLine();
  let doing = `${live.name}: waiting for ssh…`;
  // Without a terminal for progress it is printed once.
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
            waiting.length === 0
              ? `${live.name}: authorizing the login key and reading the host keys…`
              : describeWait(live.name, waiting);
          progress.show(doing);
        },
      }),
    );
  } finally {
    clearTimeout(sayOnce);
    progress.clear();
  }
}

/** In place of the ssh server that the guest lacks. */
async function enterByAgent(live: LiveMachine, words: readonly string[], flags: Flags): Promise<number> {
  const limits = { timeoutMs: flags.timeout };
  await using channel = await untilInterrupted(async (signal) =>
    live.openGuest({ ...limits, signal, allowMissingMounts: true }),
  );
  if (channel.kind === 'qga') {
    throw new NoSshServerError(live.name, {
      hint: `install an ssh server with vmlet exec, or log in on the serial console: vmlet console ${live.name}`,
    });
  }
  const isLogin = words.length === 0;
  if (isLogin) note(`machine "${live.name}" has no ssh server; opening a shell through vmlet's agent`);
  const wantsTerminal = flags.tty ?? (isLogin && isOnTerminal());
  return await runAgentShell(channel, commandAsBySsh(words), {
    user: live.spec.sshUser,
    // ssh passes its input to the command, from a terminal too.
    interactive: true,
    ...(wantsTerminal && { tty: true }),
  });
}

/** ssh has printed the reason; a rejected login gets advice. */
async function hintAtLogin(machine: NamedMachine, live: LiveMachine, access: SshAccess): Promise<void> {
  const isRefused = await untilInterrupted(
    async (signal) => machine.status().kind === 'running' && (await live.refusesSsh(access, { signal })),
  );
  if (isRefused) note(loginHint(live, access));
}

function loginHint({ name, spec }: LiveMachine, { authorized }: SshAccess): string {
  return authorized
    ? `machine "${name}" rejects the login key, or its host keys have changed, for example because a snapshot was restored; ` +
        `to authorize the login key and read the host keys again, run: vmlet ssh --provision ${name}`
    : `no agent in machine "${name}" can authorize the login key; to authorize the key yourself, add the output ` +
        `of vmlet ssh --print-key ${name} to ~/.ssh/authorized_keys of user ${spec.sshUser} in the guest`;
}
