import { Command } from 'commander';
import { InvalidInputError } from '../../errors/index.ts';
import { MachineStore, type QgaChannel } from '../../machines/index.ts';
import { exitCodeOfSignal } from '../output/exit-code.ts';
import type { GuestCommandFlags } from '../flags/guest-command-flags.ts';
import { runInGuest } from './guest-command.ts';
import { note } from '../output/say.ts';
import { Interrupts } from '../session/interrupts.ts';
import { readToEnd } from '../session/read-to-end.ts';
import { collect, durationMs, guestEnvironment } from '../flags/flag-values.ts';

interface Flags extends GuestCommandFlags {
  readonly detach?: true;
  readonly timeout?: number;
}

export function execCommand(): Command {
  return new Command('exec')
    .description(
      'Runs a command in a machine through vmlet’s agent in the guest, and exits with the status of the command. Any ' +
        'number of commands can run at the same time. A stdin that is not a terminal is passed to the command; in a ' +
        "while read loop, add </dev/null, or the command reads the rest of the loop's input.\n" +
        "If the guest has QEMU's guest agent but not vmlet's agent: a command is required; only one command runs at a time; all " +
        'input is read before the command starts; output (at most 16 MiB) is printed when the command ends; ' +
        '--tty and --user are not supported; Ctrl-C ends vmlet, but not the command.',
    )
    .argument('<machine>', 'name of the machine')
    .argument('[command...]', 'command to run (default: a shell)')
    .option('-d, --detach', 'run the command in the background, and print its process id in the guest')
    .option('-i, --interactive', 'pass stdin to the command even if stdin is a terminal')
    .option('-t, --tty', 'allocate a terminal for the command')
    .option(
      '-e, --env <name=value>',
      'set an environment variable; NAME alone copies its value from the host',
      collect,
    )
    .option('-w, --workdir <dir>', 'working directory of the command')
    .option('-u, --user <user>', 'user to run as, and group: USER[:GROUP], each a name or a number')
    .option('--timeout <time>', 'how long to wait for an agent in the guest (default: 30s)', durationMs)
    .passThroughOptions()
    .action(async (name: string, _words: string[], flags: Flags, command: Command) => {
      // commander keeps the first `--` after the name, since the words there belong to the command.
      const [, ...rest] = command.args;
      await exec(name, rest[0] === '--' ? rest.slice(1) : rest, flags);
    });
}

async function exec(name: string, words: readonly string[], given: Flags): Promise<void> {
  const isDetached = given.detach === true;
  const argv = isDetached ? detached(words, given) : words;
  // A command in the background gets /dev/null. Our stdin may be the list of a loop, which must not be read.
  const flags = isDetached ? { ...given, interactive: false } : given;
  using interrupts = new Interrupts();
  const { signal } = interrupts;
  const live = new MachineStore().get(name).live();
  await using channel = await live.openGuest({ timeoutMs: flags.timeout, signal });
  if (channel.kind === 'qga') {
    process.exitCode = await runByQga(live.name, channel, argv, flags, signal);
    return;
  }
  const { agent } = channel;
  process.exitCode = await runInGuest(
    (words, options) => agent.exec(words, options),
    argv,
    flags,
    interrupts,
    signal,
  );
}

/**
 * Checks first that the command can start, since nobody would see its error. A session of its own outlives the connection
 * to the agent; without setsid the command ignores SIGHUP.
 */
const IN_BACKGROUND = `
vmlet_fail() { echo "vmlet: the guest cannot run $1: $2" >&2; exit "$3"; }
case $1 in
  */*) vmlet_path=$1; [ -e "$1" ] || vmlet_fail "$1" 'no such file' 127 ;;
  *) vmlet_path=$(command -v -- "$1") || vmlet_fail "$1" 'command not found' 127 ;;
esac
case $vmlet_path in
  */*) [ -f "$vmlet_path" ] && [ -x "$vmlet_path" ] || vmlet_fail "$1" 'permission denied' 126 ;;
esac
if command -v setsid >/dev/null
then setsid "$@" </dev/null >/dev/null 2>&1 &
else
  trap '' HUP
  "$@" </dev/null >/dev/null 2>&1 &
fi
echo "$!"`;

/** @throws InvalidInputError for flags that need a connection to the command. */
function detached(words: readonly string[], { tty, interactive }: Flags): string[] {
  const problem =
    words.length === 0
      ? 'missing command'
      : (tty ?? interactive)
        ? `cannot be used together with ${tty ? '--tty' : '--interactive'}`
        : undefined;
  const hint =
    words.length === 0
      ? 'for example: vmlet exec --detach web -- ./server'
      : `leave out --detach or ${tty ? '--tty' : '--interactive'}`;
  if (problem !== undefined) throw new InvalidInputError('--detach', problem, { hint });
  return ['/bin/sh', '-c', IN_BACKGROUND, 'sh', ...words];
}

/** $1: directory, empty for the agent's own; then NAME=value words up to an empty one, then the command. */
const IN_PLACE =
  'if [ -n "$1" ]; then cd -- "$1" || exit 126; fi; shift; while [ -n "$1" ]; do export "$1"; shift; done; shift; exec "$@"';

async function runByQga(
  machine: string,
  channel: QgaChannel,
  argv: readonly string[],
  flags: Flags,
  signal: AbortSignal,
): Promise<number> {
  const refused = {
    '--tty': flags.tty,
    '--user': flags.user,
    'interactive shells': argv.length === 0 || undefined,
  };
  const asked = Object.entries(refused).find(([, value]) => value !== undefined);
  if (asked) {
    const [feature] = asked;
    const problem = `machine "${machine}" has only QEMU's agent, which does not support ${feature}`;
    throw new InvalidInputError('exec', problem, {
      hint: `${feature.startsWith('--') ? `leave out ${feature}` : 'give a command'}, or connect by ssh: vmlet ssh ${machine}`,
    });
  }
  const passesStdin = flags.interactive ?? !process.stdin.isTTY;
  const variables = Object.entries(guestEnvironment(flags.env)).map(([key, value]) => `${key}=${value}`);
  const result = await channel.exec(
    ['sh', '-c', IN_PLACE, 'sh', flags.workdir ?? '', ...variables, '', ...argv],
    { signal, ...(passesStdin && { input: await readToEnd(process.stdin, signal, sayThatStdinIsOpen) }) },
  );
  process.stdout.write(result.stdout);
  process.stderr.write(result.stderr);
  // Without an exit code the command was killed; the channel does not pass the signal's number on.
  return result.exitCode ?? exitCodeOfSignal('SIGKILL');
}

/** Programs start others with an open pipe, and do not expect that the command waits for its end. */
function sayThatStdinIsOpen(): void {
  note(
    "waiting for the end of stdin, because QEMU's guest agent starts a command with all of its input; " +
      'for a command without input, add: </dev/null',
  );
}
