import { type ExitStatus, TimedOutError } from '../../errors/index.ts';
import { sshArguments } from '../../guest/ssh/ssh-client.ts';
import { runInForeground } from '../../process/foreground.ts';
import { run } from '../../process/run.ts';
import type { Definition } from '../record/definition.ts';
import { findGuestChannel, openGuestChannel } from '../channel/guest-channel.ts';
import { requireRunning } from '../record/machine-status.ts';
import { provisionSsh } from './provision-ssh.ts';
import { sshFiles, writeSshConfig } from './ssh-files.ts';
import { readSshRecord, writeSshRecord } from '../record/ssh-record.ts';
import type { WaitOptions } from '../guest/wait.ts';
import { waitForSshServer } from './wait-for-ssh-server.ts';
import { readPlan } from '../record/machine-plan-file.ts';
import { SSH_PORT, leadsToSsh } from '../spec/forwards.ts';
import { endpointOf } from '../guest/wait-conditions.ts';
import { probeSshByAgent } from '../channel/ssh-by-agent.ts';

/** Options of preparing ssh to a machine. */
export interface SshOptions extends WaitOptions {
  /** Set up the key and the host keys again, as for a first connection; false by default. */
  readonly provision?: boolean | undefined;
}

/** The prepared ssh access to a machine. */
export interface SshAccess {
  /** Configuration file for ssh's option -F. */
  readonly configPath: string;
  /** Whether the machine's key is authorized; false when the guest has no agent for it. */
  readonly authorized: boolean;
}

/** ssh's exit status when it could not connect or log in, or lost its connection. */
const SSH_FAILED = 255;
/** Allows for a key exchange on an emulated processor. */
const LOGIN_MS = 20_000;
/** An agent becomes ready at about the same time as sshd. */
const AGENT_MS = 5000;

/**
 * Prepares ssh: waits for the guest's server; before the first connection, an agent in the guest authorizes the machine's
 * key and provides the host keys.
 * @throws what `waitForMachine` throws; NoSshServerError when no server is installed; InvalidInputError when the guest lacks `sshUser`; GuestSetupError.
 */
export async function prepareSsh(definition: Definition, options: SshOptions = {}): Promise<SshAccess> {
  const { spec, files } = definition;
  const run = requireRunning(definition).startedAt.getTime();
  const known = readSshRecord(files.ssh);
  const isProvisioned = known.provisionedFor === spec.sshUser && options.provision !== true;
  const answered = known.answeredInRun === run;
  // Only once per run: servers penalize clients whose connections do not log in.
  if (!answered) await waitForSshServer(definition, options);
  const authorized = isProvisioned || (await provision(definition, answered ? 0 : AGENT_MS, options));
  if (!answered || !isProvisioned) {
    writeSshRecord(files.ssh, { ...readSshRecord(files.ssh), answeredInRun: run });
    await configure(definition, answered, options);
  }
  return { configPath: sshFiles(files.ssh).config, authorized };
}

/**
 * Later starts write the way that was found here, too.
 * @param isEarlier whether the server has answered before this call: perhaps at a forward that was removed since.
 */
async function configure(definition: Definition, isEarlier: boolean, { signal }: SshOptions): Promise<void> {
  const { files } = definition;
  const hasOther = leadsToSsh(readPlan(files));
  // Where there is no other way, it has just answered through the agent.
  const byAgent = (!hasOther && !isEarlier) || 'banner' in (await probeSshByAgent(definition, { signal }));
  writeSshRecord(files.ssh, { ...readSshRecord(files.ssh), byAgent });
  const endpoint = hasOther ? await endpointOf(definition, SSH_PORT, signal) : undefined;
  writeSshConfig(definition, endpoint === undefined || 'problem' in endpoint ? undefined : endpoint);
}

async function provision(
  definition: Definition,
  patienceMs: number,
  { signal }: SshOptions,
): Promise<boolean> {
  await using channel =
    patienceMs === 0
      ? await findGuestChannel(definition, { timeoutMs: AGENT_MS, signal })
      : await openGuestChannel(definition, patienceMs, signal).catch((error: unknown) => {
          if (error instanceof TimedOutError) return undefined;
          throw error;
        });
  if (!channel) return false;
  await provisionSsh(definition, channel, signal);
  return true;
}

/**
 * Runs the system's ssh with our standard streams until it exits. Returns the command's status, 255 when ssh itself failed,
 * or the signal that was sent to ssh through us.
 * @param command joined by spaces and passed to the user's shell; a login shell when empty.
 * @throws MissingProgramError, and what `prepareSsh` throws.
 */
export async function runSsh(
  definition: Definition,
  { configPath }: SshAccess,
  command: readonly string[],
  tty: boolean | undefined,
): Promise<ExitStatus> {
  const { sent, ...status } = await runInForeground(
    sshArguments({ configPath, name: definition.spec.name, command, tty }),
  );
  // ssh also exits with 255 after a signal.
  const isSsh = status.exitCode === SSH_FAILED && sent !== undefined;
  return isSsh ? { exitCode: undefined, signal: sent } : status;
}

/** Messages of ssh (sshconnect2.c, sshconnect.c); no locale changes them. */
const REFUSED = /Permission denied|Host key verification failed|REMOTE HOST IDENTIFICATION HAS CHANGED/;

/** True when the guest's server rejects the machine's key, or has other host keys than the known ones. */
export async function refusesSsh(
  { spec }: Definition,
  { configPath }: SshAccess,
  { signal }: { readonly signal?: AbortSignal | undefined } = {},
): Promise<boolean> {
  const argv = sshArguments({ configPath, name: spec.name, command: ['true'], tty: false, batch: true });
  try {
    const { exitCode, stderr } = await run(argv, {
      acceptedExitCodes: Array.from({ length: 256 }, (_, code) => code),
      timeoutMs: LOGIN_MS,
      signal,
    });
    return exitCode === SSH_FAILED && REFUSED.test(stderr);
  } catch (error) {
    // A server that does not answer has rejected nothing.
    if (error instanceof TimedOutError) return false;
    throw error;
  }
}
