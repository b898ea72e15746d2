import { CloudInitError, NoSshServerError } from '../../errors/index.ts';
import { mayHaveSshServer } from '../../guest/ssh/ssh-server.ts';
import { pause } from '../../util/time/pause.ts';
import { together } from '../../util/time/together.ts';
import { findGuestChannel } from '../channel/guest-channel.ts';
import { isPassingFailure } from '../channel/passing-failure.ts';
import { lookAtCloudInit } from '../guest/cloud-init.ts';
import { type WaitOptions, waitForMachine } from '../guest/wait.ts';
import type { Definition } from '../record/definition.ts';

const LOOK_EVERY_MS = 500;
const AGENT_MS = 10_000;

/**
 * Waits until the guest's ssh server answers.
 * @throws NoSshServerError as soon as an agent finds no server installed, and what `waitForMachine` throws.
 */
export async function waitForSshServer(definition: Definition, options: WaitOptions): Promise<void> {
  const answered = new AbortController();
  await together(
    [
      async (signal) => {
        await waitForMachine(definition, { ssh: true }, { ...options, signal });
        answered.abort();
      },
      async (signal) => {
        const either = AbortSignal.any([signal, answered.signal]);
        await refuseMissingServer(definition, either).catch((error: unknown) => {
          if (!answered.signal.aborted) throw error;
        });
      },
    ],
    options.signal,
  );
}

/** Returns as soon as the guest may have a server. */
async function refuseMissingServer(definition: Definition, signal: AbortSignal): Promise<void> {
  const { name } = definition.spec;
  while ((await look(definition, signal)) !== 'may have one') {
    // The first boot may install one.
    if ((await hasFirstBootDone(definition, signal)) && (await look(definition, signal)) === 'has none') {
      throw new NoSshServerError(name);
    }
    await pause(LOOK_EVERY_MS, signal);
  }
}

async function look(
  definition: Definition,
  signal: AbortSignal,
): Promise<'may have one' | 'has none' | 'unknown'> {
  try {
    await using channel = await findGuestChannel(definition, { timeoutMs: AGENT_MS, signal });
    if (!channel) return 'unknown';
    return (await mayHaveSshServer(channel, { signal })) ? 'may have one' : 'has none';
  } catch (error) {
    // The agent is busy, or has exited: ask it again.
    if (isPassingFailure(error)) return 'unknown';
    throw error;
  }
}

async function hasFirstBootDone(definition: Definition, signal: AbortSignal): Promise<boolean> {
  if (definition.spec.hasSeed !== true) return true;
  try {
    return (await lookAtCloudInit(definition, { timeoutMs: AGENT_MS, signal })).done;
  } catch (error) {
    if (error instanceof CloudInitError) return true;
    if (isPassingFailure(error)) return false;
    throw error;
  }
}
