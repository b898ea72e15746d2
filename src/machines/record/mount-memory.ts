import { InvalidInputError, SharesUnavailableError } from '../../errors/index.ts';
import type { SharePlan } from '../../machine/share/share-plan.ts';
import type { Definition } from './definition.ts';
import { readPlan } from './machine-plan-file.ts';
import { volumesInUse } from './volumes-in-use.ts';

/**
 * A guest's memory has parts of its volumes' file systems, and does not fit once another machine has changed them. Of
 * directories it has numbers that only virtiofsd can explain.
 * @throws InvalidInputError for a running machine with volumes, or with a virtiofsd that cannot hand over its state.
 */
export function refuseMountsInMemory(definition: Definition, field: string, hint: string): void {
  const { name } = definition.spec;
  const refuse = (why: string, hint: string): never => {
    throw new InvalidInputError(field, `the memory of machine "${name}" cannot be saved: ${why}`, { hint });
  };
  const [volume] = volumesInUse(definition);
  if (volume) {
    refuse(
      `the machine mounts volume "${volume.name}", which other machines may change before this machine is resumed`,
      hint,
    );
  }
  const share = shareWithoutState(readPlan(definition.files).shares);
  if (share) {
    refuse(
      `virtiofsd, which serves ${share.target} in the guest, is too old to save its state`,
      `${hint}; to save memory, upgrade virtiofsd, and restart the machine: vmlet restart ${name}`,
    );
  }
}

/** @throws SharesUnavailableError for a virtiofsd that cannot hand over its state. */
export function refuseShareWithoutState(shares: readonly SharePlan[]): void {
  const share = shareWithoutState(shares);
  if (!share) return;
  throw new SharesUnavailableError(
    `virtiofsd, which serves ${share.target} in the guest, is too old to save its state`,
    { hint: 'upgrade virtiofsd, or leave out the directory' },
  );
}

/** Returns the first share whose virtiofsd cannot hand over its state. */
function shareWithoutState(shares: readonly SharePlan[]): SharePlan | undefined {
  // A plan of an earlier release does not say it.
  return shares.find(({ virtiofsd }) => virtiofsd.migrates === false);
}
