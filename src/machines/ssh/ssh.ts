import { type ExitStatus, TimedOutError } from '../../errors/index.ts';
import { sshArguments } from '../../guest/ssh/ssh-client.ts';
import { runInForeground } from '../../process/foreground.ts';
import { run } from '../../process/run.ts';
import type { Definition } from '../record/definition.ts';
import { findGuestChannel, openGuestChannel } from '../channel/guest-channel.ts';
import { readStatus, notRunning } from '../record/machine-status.ts';
import { provisionSsh } from './provision-ssh.ts';
import { sshFiles, writeSshConfig } from './ssh-files.ts';
import { readSshRecord, writeSshRecord } from '../record/ssh-record.ts';
import type { WaitOptions } from '../guest/wait.ts';
import { waitForSshServer } from './ssh-server.ts';
import { endpointOf } from '../guest/wait-conditions.ts';

export interface SshOptions extends WaitOptions {
  /** Sets up key and host keys again, as for a first connection; false by default. */
  readonly provision?: boolean | undefined;
}

export interface SshAccess {
  /** For ssh's option -F. */
  readonly configPath: string;
  /** Whether the machine's key is authorized. When it is not, the guest has no agent by which it could be. */
  readonly authorized: boolean;
}

/** ssh's own status when it could not connect or log in, or lost its connection. */
const SSH_FAILED = 255;
/** Keys are exchanged on an emulated processor. */
const LOGIN_MS = 20_000;
/** An agent comes up at about the time at which sshd does. */
const AGENT_MS = 5000;

/**
 * Gets everything ready for ssh: waits until the guest's server answers, and with the first connection lets the
 * machine's key in and makes the host keys known, by an agent in the guest.
 * @throws what `waitForMachine` throws; MachineStateError where no server is installed; InvalidInputError when the guest has no user `sshUser`; GuestSetupError.
 */
export async function prepareSsh(definition: Definition, options: SshOptions = {}): Promise<SshAccess> {
  const { spec, files } = definition;
  const status = readStatus(files);
  if (status.kind !== 'running') throw notRunning(spec.name, status.kind);
  const run = status.startedAt.getTime();
  const known = readSshRecord(files.ssh);
  const isProvisioned = known.provisionedFor === spec.sshUser && options.provision !== true;
  const answered = known.answeredInRun === run;
  // Not each time: servers hold connections on which nobody logs in against whom they come from.
  if (!answered) await waitForSshServer(definition, options);
  const authorized = isProvisioned || (await provision(definition, answered ? 0 : AGENT_MS, options));
  if (!answered || !isProvisioned) {
    writeSshRecord(files.ssh, { ...readSshRecord(files.ssh), answeredInRun: run });
    const endpoint = await endpointOf(definition, 22, options.signal);
    if (!('problem' in endpoint)) writeSshConfig(spec, files.ssh, endpoint);
  }
  return { configPath: sshFiles(files.ssh).config, authorized };
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
 * Gives the system's ssh our standard streams until it ends, with the command's status, or 255 when ssh itself failed.
 * Ended by a signal that it was sent through us, it has that.
 * @param command joined by spaces and given to the user's shell; a login shell when empty.
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
  // ssh says 255 of a signal, too.
  const isSsh = status.exitCode === SSH_FAILED && sent !== undefined;
  return isSsh ? { exitCode: undefined, signal: sent } : status;
}

/** Words of ssh's own (sshconnect2.c, sshconnect.c); a locale does not change them. */
const REFUSED = /Permission denied|Host key verification failed|REMOTE HOST IDENTIFICATION HAS CHANGED/;

/** Whether the guest's server turns the machine's key away, or has other host keys than are known. */
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
    // A server that does not answer refuses nothing.
    if (error instanceof TimedOutError) return false;
    throw error;
  }
}
