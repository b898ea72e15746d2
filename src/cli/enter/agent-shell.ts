import type { VmletChannel } from '../../machines/index.ts';
import type { GuestCommandFlags } from '../flags/guest-command-flags.ts';
import { Interrupts } from '../session/interrupts.ts';
import { runInGuest } from './guest-command.ts';

/** The agent sets SHELL to the one of the account. */
export const LOGIN_SHELL = ['/bin/sh', '-c', 'exec "${SHELL:-/bin/sh}" -l'];

/** Returns the command that ssh would run: in the home directory, by the account's shell, with the words joined by spaces. */
export function commandAsBySsh(words: readonly string[]): string[] {
  if (words.length === 0) return ['/bin/sh', '-c', 'cd; exec "${SHELL:-/bin/sh}" -l'];
  return ['/bin/sh', '-c', 'cd; exec "${SHELL:-/bin/sh}" -c "$1"', 'sh', words.join(' ')];
}

/** Runs a shell through vmlet's agent and returns its exit status. */
export async function runAgentShell(
  { agent }: VmletChannel,
  argv: readonly string[],
  flags: GuestCommandFlags,
): Promise<number> {
  using interrupts = new Interrupts();
  return await runInGuest(
    (words, options) => agent.exec(words, options),
    argv,
    flags,
    interrupts,
    interrupts.signal,
  );
}
