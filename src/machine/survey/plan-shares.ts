import type { Host } from '../../host/survey/host.ts';
import { shareLayers } from '../share/confined-virtiofsd.ts';
import { HOST_TAG } from '../share/host-system.ts';
import type { FoundShare, SharePlan } from '../share/share-plan.ts';
import { requireVirtiofsd } from './find-shares.ts';

/**
 * Plans the shares in the order of their devices.
 * @param ports one for each that is plugged in later; none for a device that is there from the start.
 */
export function planShares(
  shares: readonly FoundShare[],
  host: Host,
  socketOf: (tag: string) => string,
  ports: readonly (string | undefined)[] = [],
): SharePlan[] {
  return shares.map((share, index) => {
    const tag = share.shows ? HOST_TAG : (share.tag ?? `share${index}`);
    const { problem: _problem, ...virtiofsd } = requireVirtiofsd(host);
    return {
      ...share,
      tag,
      virtiofsd,
      port: ports[index],
      socketPath: socketOf(tag),
      layers: shareLayers(share, host.confinement),
    };
  });
}
