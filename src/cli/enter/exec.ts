import { Command } from 'commander';
import { InvalidInputError } from '../../errors/index.ts';
import { MachineStore, type QgaChannel } from '../../machines/index.ts';
import { exitCodeOfSignal } from '../output/exit-code.ts';
import type { GuestCommandFlags } from '../flags/guest-command-flags.ts';
import { runInGuest } from './guest-command.ts';
import { Interrupts } from '../session/interrupts.ts';
import { collect, durationMs, guestEnvironment } from '../flags/flag-values.ts';

interface Flags extends GuestCommandFlags {
  readonly detach?: true;
  readonly timeout?: number;
}

export function execCommand(): Command {
  return new Command('exec')
    .description(
      'Runs a command in a machine by vmlet’s agent and exits with its status, as vmlet run does. Where the guest has ' +
        'QEMU’s agent only, the command gets all of its input before it starts, has no terminal and no other user, ' +
        'cannot be interrupted, and what it prints comes when it has ended, at most 16 MiB. Any number run at once; ' +
        'QEMU’s agent serves one at a time, and others wait.',
    )
    .argument('<machine>', 'its name')
    .argument('[command...]', 'what to run; a shell where none is given')
    .option('-d, --detach', 'do not wait for the command; prints its process id in the guest')
    .option('-i, --interactive', 'pass stdin on even where it is a terminal')
    .option('-t, --tty', 'give the command a terminal')
    .option('-e, --env <name=value>', 'set a variable; NAME alone takes its value from here', collect)
    .option('-w, --workdir <dir>', 'directory to run in')
    .option('-u, --user <user>', 'user to run as, by name or UID[:GID]')
    .option('--timeout <time>', 'how long to wait for the agent (default: 30s)', durationMs)
    .passThroughOptions()
    .action(async (name: string, _words: string[], flags: Flags, command: Command) => {
      // Whatever follows the name is the command's own, so that commander leaves its first -- in place.
      const [, ...rest] = command.args;
      await exec(name, rest[0] === '--' ? rest.slice(1) : rest, flags);
    });
}

async function exec(name: string, words: readonly string[], flags: Flags): Promise<void> {
  const argv = flags.detach === true ? detached(words, flags) : words;
  using interrupts = new Interrupts();
  const { signal } = interrupts;
  const live = new MachineStore().get(name).live();
  await using channel = await live.openGuest({ timeoutMs: flags.timeout, signal });
  if (channel.kind === 'qga') {
    process.exitCode = await runByQga(channel, argv, flags, signal);
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

/** A session of its own outlives the connection to the agent; where there is no setsid, it is told not to hang up. */
const IN_BACKGROUND =
  'command -v -- "$1" >/dev/null || { echo "$1: not found" >&2; exit 127; }; ' +
  'if command -v setsid >/dev/null; then setsid "$@" </dev/null >/dev/null 2>&1 & ' +
  'else trap "" HUP; "$@" </dev/null >/dev/null 2>&1 & fi; echo "$!"';

/** @throws InvalidInputError for flags that make no sense for it. */
function detached(words: readonly string[], { tty, interactive }: Flags): string[] {
  const problem =
    words.length === 0
      ? 'missing command; a shell has nobody to talk to'
      : (tty ?? interactive)
        ? `cannot be used together with ${tty ? '--tty' : '--interactive'}`
        : undefined;
  if (problem !== undefined) throw new InvalidInputError('--detach', problem);
  return ['/bin/sh', '-c', IN_BACKGROUND, 'sh', ...words];
}

/** $1: the directory, empty for the agent's own; then NAME=value words up to an empty one, then the command. */
const IN_PLACE =
  'if [ -n "$1" ]; then cd -- "$1" || exit 126; fi; shift; while [ -n "$1" ]; do export "$1"; shift; done; shift; exec "$@"';

async function runByQga(
  channel: QgaChannel,
  argv: readonly string[],
  flags: Flags,
  signal: AbortSignal,
): Promise<number> {
  const refused = { '--tty': flags.tty, '--user': flags.user, 'a shell': argv.length === 0 || undefined };
  const asked = Object.entries(refused).find(([, value]) => value !== undefined);
  if (asked) {
    throw new InvalidInputError('exec', `${asked[0]} is not possible by QEMU's agent`, {
      hint: 'it takes vmlet-agent in the guest; vmlet ssh has terminals too',
    });
  }
  const passesStdin = flags.interactive ?? !process.stdin.isTTY;
  const variables = Object.entries(guestEnvironment(flags.env)).map(([key, value]) => `${key}=${value}`);
  const result = await channel.exec(
    ['sh', '-c', IN_PLACE, 'sh', flags.workdir ?? '', ...variables, '', ...argv],
    { signal, ...(passesStdin && { input: await readAll(process.stdin) }) },
  );
  process.stdout.write(result.stdout);
  process.stderr.write(result.stderr);
  // The agent tells the number of a signal, which the channel leaves out: the command did not exit by itself.
  return result.exitCode ?? exitCodeOfSignal('SIGKILL');
}

async function readAll(stream: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of stream) chunks.push(chunk);
  return Buffer.concat(chunks);
}
