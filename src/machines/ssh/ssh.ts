import { type ExitStatus, TimedOutError } from '../../errors/index.ts';
import { sshArguments } from '../../guest/ssh/ssh-client.ts';
import { runInForeground } from '../../process/foreground.ts';
import type { Definition } from '../record/definition.ts';
import { findGuestChannel, openGuestChannel } from '../channel/guest-channel.ts';
import { readStatus, notRunning } from '../record/machine-status.ts';
import { provisionSsh } from './provision-ssh.ts';
import { sshFiles, writeSshConfig } from './ssh-files.ts';
import { readSshRecord, writeSshRecord } from '../record/ssh-record.ts';
import { type WaitOptions, waitForMachine } from '../guest/wait.ts';
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

/** An agent comes up at about the time at which sshd does. */
const AGENT_MS = 5000;

/**
 * Gets everything ready for ssh: waits until the guest's server answers, and with the first connection lets the
 * machine's key in and makes the host keys known, by an agent in the guest.
 * @throws what `waitForMachine` throws; InvalidInputError when the guest has no user `sshUser`; GuestSetupError.
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
  if (!answered) await waitForMachine(definition, { ssh: true }, options);
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
 * @param command joined by spaces and given to the user's shell; a login shell when empty.
 * @throws MissingProgramError, and what `prepareSsh` throws.
 */
export async function runSsh(
  definition: Definition,
  { configPath }: SshAccess,
  command: readonly string[],
  tty: boolean | undefined,
): Promise<ExitStatus> {
  return runInForeground(sshArguments({ configPath, name: definition.spec.name, command, tty }));
}
