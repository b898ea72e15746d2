import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
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

/** Has the options of virtiofsd, as far as its help says. */
const FAILING_VIRTIOFSD = `
#include <stdio.h>
#include <string.h>
int main(int count, char **words)
{
    for (int index = 1; index < count; index++)
        if (strncmp(words[index], "--fd=", 5) == 0)
            return fprintf(stderr, "cannot serve: out of ink\\n"), 1;
    puts(" --fd\\n --shared-dir\\n --cache\\n --sandbox\\n --readonly\\n --rlimit-nofile\\n --translate-uid");
    puts(" --translate-gid");
    return 0;
}
`;

/**
 * Builds a virtiofsd that prints `cannot serve: out of ink` and exits with 1 when it should serve. Not a script: a
 * confined virtiofsd starts no other program.
 * @returns a PATH that begins with its directory.
 */
export function failingVirtiofsd(directory: string): string {
  execFileSync('cc', ['-x', 'c', '-o', join(directory, 'virtiofsd'), '-'], { input: FAILING_VIRTIOFSD });
  return `${directory}:${process.env['PATH'] ?? ''}`;
}
