import { SharesUnavailableError } from '../../src/errors/index.ts';
import { probeHost } from '../../src/host/probe.ts';
import { ownLocations } from '../../src/machine/paths/own-locations.ts';
import { requireVirtiofsd } from '../../src/machine/survey/find-shares.ts';

/** The reason why this host, such as Debian 12, cannot share directories; undefined if it can. */
export const whyNoShares = await problem();
if (whyNoShares !== undefined) console.warn(`skipped: ${whyNoShares}`);

async function problem(): Promise<string | undefined> {
  const host = await probeHost({ cacheDirectory: ownLocations().cache });
  try {
    requireVirtiofsd(host);
    return undefined;
  } catch (error) {
    if (error instanceof SharesUnavailableError) return error.message;
    throw error;
  }
}
