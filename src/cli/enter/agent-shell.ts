import type { VmletChannel } from '../../machines/index.ts';
import type { GuestCommandFlags } from '../flags/guest-command-flags.ts';
import { Interrupts } from '../session/interrupts.ts';
import { runInGuest } from './guest-command.ts';

/** The agent sets SHELL to the one of the account. */
export const LOGIN_SHELL = ['/bin/sh', '-c', 'exec "${SHELL:-/bin/sh}" -l'];

/**
 * Opens a login shell through vmlet's agent, or has the account's shell run `words` as ssh does: joined by spaces.
 * Returns the exit status.
 */
export async function runAgentShell(
  { agent }: VmletChannel,
  words: readonly string[],
  flags: GuestCommandFlags,
): Promise<number> {
  using interrupts = new Interrupts();
  const onTerminal = process.stdin.isTTY && process.stdout.isTTY;
  const isLogin = words.length === 0;
  return await runInGuest(
    (argv, options) => agent.exec(argv, options),
    isLogin ? LOGIN_SHELL : ['/bin/sh', '-c', 'exec "${SHELL:-/bin/sh}" -c "$0"', words.join(' ')],
    { ...(isLogin && onTerminal && { tty: true }), ...flags },
    interrupts,
    interrupts.signal,
  );
}
