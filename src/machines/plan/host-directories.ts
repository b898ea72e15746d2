import { probeHost } from '../../host/probe.ts';
import type { Host } from '../../host/survey/host.ts';
import type { Locations } from '../../machine/paths/locations.ts';
import { quoteForShell } from '../../machine/qemu/quote.ts';
import type { FoundShare } from '../../machine/share/share-plan.ts';
import type { Share } from '../../machine/share/share.ts';
import { findShare, findShares } from '../../machine/survey/find-shares.ts';
import type { MachineSpec } from '../spec/machine-spec.ts';
import { copiesOf, sharesOf } from '../spec/stored-mounts.ts';

/**
 * Finds the directories of the host that a start shares, and those that it copies.
 * @throws InvalidInputError for a directory that is missing, SharesUnavailableError.
 */
export function findDirectories(
  spec: MachineSpec,
  host: Host,
): { readonly shares: FoundShare[]; readonly copies: FoundShare[] } {
  const otherwise = ({ target }: Share): string => removalOf(spec.name, target);
  return {
    shares: findShares(sharesOf(spec), host, otherwise),
    copies: copiesOf(spec).map((copy) => findShare(copy, otherwise)),
  };
}

/** Returns the part of a hint that says how to start a machine without one of its mounts. */
export function removalOf(name: string, target: string): string {
  return `to start machine "${name}" without ${target}: vmlet share rm ${name} ${quoteForShell(target)}`;
}

/** Checks that a start would find its directories. @throws as `findDirectories`, or the signal's reason. */
export async function requireDirectories(
  locations: Locations,
  spec: MachineSpec,
  signal: AbortSignal | undefined,
): Promise<void> {
  findDirectories(spec, await probeHost({ cacheDirectory: locations.cache, signal }));
}
