import { InvalidInputError, SharesUnavailableError } from '../../errors/index.ts';
import type { SharePlan, Virtiofsd } from '../../machine/share/share-plan.ts';
import type { Definition } from './definition.ts';
import { readPlan } from './machine-plan-file.ts';
import { volumesInUse } from './volumes-in-use.ts';

/**
 * A guest's memory has parts of its volumes' file systems, and does not fit once another machine has changed them. Of
 * directories it has numbers that only virtiofsd can explain.
 * @throws InvalidInputError for a running machine with volumes, or with a virtiofsd that cannot hand over its state, or
 *   not take it back.
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
      describeOldVirtiofsd(share),
      `${hint}; to save memory, upgrade virtiofsd, and restart the machine: vmlet restart ${name}`,
    );
  }
}

/** @throws SharesUnavailableError for a virtiofsd that cannot hand over its state. */
export function refuseShareWithoutState(shares: readonly SharePlan[]): void {
  const share = shareWithoutState(shares);
  if (!share) return;
  throw new SharesUnavailableError(describeOldVirtiofsd(share), {
    hint: 'upgrade virtiofsd, or leave out the directory',
  });
}

/** Returns the first share whose virtiofsd cannot hand over its state, or not take it back when one file is gone. */
function shareWithoutState(shares: readonly SharePlan[]): SharePlan | undefined {
  return shares.find(({ virtiofsd }) => !handsOver(virtiofsd) || !virtiofsd.survivesMissingFiles);
}

/** A plan of an earlier release does not say it. */
function handsOver({ migrates }: Virtiofsd): boolean {
  return migrates !== false;
}

function describeOldVirtiofsd({ virtiofsd, target }: SharePlan): string {
  const lack = handsOver(virtiofsd) ? 'restore its state after a shared file was removed' : 'save its state';
  return `virtiofsd, which serves ${target} in the guest, is too old to ${lack}`;
}
