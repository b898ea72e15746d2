import { asUser, confine, keepCapabilities } from '../../process/confine/confine.ts';
import type { Confinement } from '../../process/confine/confinement.ts';
import { type ConfinementAbilities, type Layers, layersOf } from '../../process/confine/layers.ts';
import { LIBRARIES, LOADERS } from '../../process/confine/shared-libraries.ts';
import { hostSystemArguments } from './host-system.ts';
import type { FoundShare, SharePlan } from './share-plan.ts';
import { neededCapabilities, virtiofsdArguments } from './virtiofsd-argv.ts';

/** Returns the layers around the virtiofsd of one share. */
export function shareLayers(
  { source, ids, readOnly }: Pick<FoundShare, 'source' | 'ids' | 'readOnly'>,
  abilities: ConfinementAbilities,
): Layers {
  const layers = layersOf({ connects: 'nowhere', longestFile: undefined, servesFiles: true }, abilities);
  const isFiltered = layers.seccomp.length > 0;
  return {
    ...layers,
    // A root directory of its own would contain the host's whole root.
    namespaces: layers.namespaces.filter((name) => source !== '/' || name !== 'mount'),
    // It may not adopt a group of the guest's user, and need not, since all files are of one user.
    seccomp: isFiltered && ids.kind !== 'host' ? [...layers.seccomp, 'groups'] : layers.seccomp,
    // No other layer knows mode bits.
    gaps: isFiltered || readOnly ? layers.gaps : [...layers.gaps, 'can create setuid files in the directory'],
  };
}

/** Returns virtiofsd's command line. It inherits its listening socket as descriptor 3. */
export function virtiofsdCommand(plan: SharePlan): [string, ...string[]] {
  const { virtiofsd, runsAs, ...share } = plan;
  return [
    virtiofsd.path,
    ...virtiofsdArguments(share, runsAs, virtiofsd),
    ...(share.shows ? hostSystemArguments(plan) : []),
  ];
}

/**
 * Returns the options of vmlet-confine for the virtiofsd of one share.
 * @param own directories in which it may create files, such as a socket.
 */
export function virtiofsdConfinement(share: SharePlan, own: readonly string[] = []): string[] {
  return [
    ...(share.changesUser ? asUser(share.runsAs) : []),
    // virtiofsd gives up all others itself, for which it needs setpcap.
    ...(share.runsAs.uid === 0 ? keepCapabilities(['setpcap', ...neededCapabilities(share.ids)]) : []),
    ...confine({ ...filesOf(share), own }, share.layers),
  ];
}

/** As traced with virtiofsd 1.13. It reaches every file through /proc/self/fd. */
function filesOf({ virtiofsd: { path }, source, readOnly, shows }: SharePlan): Omit<Confinement, 'own'> {
  return {
    execute: [path, ...LOADERS],
    readOnly: [...LIBRARIES, '/proc', ...(readOnly && !shows ? [source] : [])],
    readWrite: ['/dev/null'],
    served: readOnly ? [] : [source],
    ...(shows && { shown: { below: source, paths: shows } }),
  };
}
