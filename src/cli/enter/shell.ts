import { Command } from 'commander';
import { GuestMountError } from '../../errors/index.ts';
import {
  type LiveMachine,
  MachineStore,
  type NamedMachine,
  type VmletChannel,
} from '../../machines/index.ts';
import { guestTime } from '../../public/guest-time.ts';
import type { GuestCommandFlags } from '../flags/guest-command-flags.ts';
import { durationMs } from '../flags/flag-values.ts';
import { untilInterrupted } from '../session/until-interrupted.ts';
import { pause } from '../../util/time/pause.ts';
import { isOnTerminal } from '../session/terminal.ts';
import { LOGIN_SHELL, runAgentShell } from './agent-shell.ts';
import { ssh } from './ssh.ts';

interface Flags extends Pick<GuestCommandFlags, 'user' | 'workdir'> {
  readonly timeout?: number;
}

/** The agent starts before an ssh server; a guest that answers by ssh alone has no agent. */
const AGENT_PREFERENCE_MS = 2000;
/** With KVM, as of `ssh`. */
const DEFAULT_TIMEOUT_MS = 120_000;

export function shellCommand(): Command {
  return new Command('shell')
    .description(
      'Opens a login shell in a machine through vmlet’s agent in the guest, or by ssh if this agent does not answer. ' +
        'Through the agent, the shell runs as root, or as the user of --user. By ssh, it runs as the same ' +
        'user as with vmlet ssh.',
    )
    .argument('<machine>', 'name of the machine')
    .option(
      '-u, --user <user>',
      'user to run as, and group: USER[:GROUP], each a name or a number; ignored by ssh',
    )
    .option('-w, --workdir <dir>', 'working directory; ignored by ssh')
    .option(
      '--timeout <time>',
      'how long to wait for the agent or the ssh server (default: 2m, or 12m without KVM)',
      durationMs,
    )
    .action(openShell);
}

async function openShell(name: string, flags: Flags): Promise<void> {
  const machine = new MachineStore().get(name);
  const live = machine.live();
  const timeoutMs = flags.timeout ?? guestTime(DEFAULT_TIMEOUT_MS, live.plan().accelerator);
  const channel = await untilInterrupted(async (signal) => findAgent(machine, live, { timeoutMs, signal }));
  if (channel === undefined) {
    await ssh(name, [], { timeout: timeoutMs });
    return;
  }
  await using _open = channel;
  process.exitCode = await runAgentShell(channel, LOGIN_SHELL, {
    ...flags,
    ...(isOnTerminal() && { tty: true }),
  });
}

interface Limits {
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
}

/** Returns undefined if the guest answers by ssh and has no agent that supports terminals. */
async function findAgent(
  machine: NamedMachine,
  live: LiveMachine,
  { timeoutMs, signal }: Limits,
): Promise<VmletChannel | undefined> {
  const settled = new AbortController();
  const limits = { timeoutMs, signal: AbortSignal.any([signal, settled.signal]) };
  const byAgent = openAgent(live, limits);
  // A shell by ssh would write where the guest lacks a mount.
  byAgent.catch((error: unknown) => {
    if (error instanceof GuestMountError) settled.abort(error);
  });
  const bySsh = machine.waitFor({ ssh: true }, limits);
  let chosen: VmletChannel | undefined;
  try {
    chosen = await Promise.any([byAgent, bySsh.then(async () => soonOf(byAgent))]);
    return chosen;
  } catch (error) {
    signal.throwIfAborted();
    // The agent's error, which says how to install it.
    throw error instanceof AggregateError ? error.errors[0] : error;
  } finally {
    settled.abort();
    const [late] = await Promise.allSettled([byAgent, bySsh]);
    if (late.status === 'fulfilled' && late.value !== chosen) await late.value?.[Symbol.asyncDispose]();
  }
}

async function openAgent(live: LiveMachine, limits: Limits): Promise<VmletChannel | undefined> {
  const channel = await live.openGuest(limits);
  if (channel.kind === 'vmlet') return channel;
  await channel[Symbol.asyncDispose]();
  return undefined;
}

/** Prefers an agent that has started meanwhile: it needs no key. */
async function soonOf(byAgent: Promise<VmletChannel | undefined>): Promise<VmletChannel | undefined> {
  const orNone = byAgent.catch((error: unknown) => {
    if (error instanceof GuestMountError) throw error;
    return undefined;
  });
  return Promise.race([orNone, pause(AGENT_PREFERENCE_MS).then(() => undefined)]);
}
