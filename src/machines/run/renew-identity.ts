import { TimedOutError, VmletError } from '../../errors/index.ts';
import { renewGuestIdentity } from '../../guest/agent/renew-guest-identity.ts';
import type { Locations } from '../../machine/paths/locations.ts';
import type { Definition } from '../record/definition.ts';
import { editMachine } from '../lock/edit.ts';
import { boundForwards, sshEndpoint } from '../spec/forwards.ts';
import { openGuestChannel } from '../channel/guest-channel.ts';
import { readPlan } from '../record/machine-plan-file.ts';
import { provisionSsh } from '../ssh/provision-ssh.ts';
import { writeSshConfig } from '../ssh/ssh-files.ts';

export interface RenewIdentityOptions {
  /** Time in milliseconds for the guest to boot until its agent runs. */
  readonly timeoutMs: number;
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: (() => void) | undefined;
}

/** A booting guest on an emulated processor generates keys slowly. */
const RENEWAL_MS = 60_000;

/**
 * Gives the running guest of a clone its own identity: machine id, host keys, host name and the clone's ssh key. The
 * definition is updated only on success, so that the next start tries again.
 * @returns why it failed; undefined when it succeeded or was not necessary.
 * @throws the signal's reason.
 */
export async function renewIdentity(
  locations: Locations,
  definition: Definition,
  options: RenewIdentityOptions,
): Promise<VmletError | undefined> {
  const { spec } = definition;
  if (spec.guestIdentity === 'own') return undefined;
  try {
    // A micro guest stores no identity: each start configures it.
    const isStored = spec.boot.kind !== 'image';
    if (isStored) await renew(definition, options);
    const renewed = isStored && { identityRenewedAt: new Date().toISOString() };
    await editMachine(locations, spec.name, 'renewing its identity', (current) => ({
      spec: { ...current.spec, guestIdentity: 'own' as const, ...renewed },
    }));
    return undefined;
  } catch (error) {
    options.signal?.throwIfAborted();
    if (error instanceof VmletError) return error;
    throw error;
  }
}

async function renew(
  definition: Definition,
  { timeoutMs, signal, onProgress }: RenewIdentityOptions,
): Promise<void> {
  const { spec, files } = definition;
  onProgress?.();
  await using channel = await openGuestChannel(definition, timeoutMs, signal);
  const deadline = AbortSignal.timeout(RENEWAL_MS);
  const either = signal ? AbortSignal.any([signal, deadline]) : deadline;
  try {
    await renewGuestIdentity(channel, spec.name, { signal: either });
    await provisionSsh(definition, channel, either);
  } catch (error) {
    if (error !== deadline.reason) throw error;
    throw new TimedOutError(
      `creating a new machine id and new ssh host keys in machine "${spec.name}"`,
      RENEWAL_MS,
      { hint: 'check whether the guest is busy or hangs; the next start of the machine tries again' },
    );
  }
  writeSshConfig(definition, sshEndpoint(boundForwards(readPlan(files))));
}
