import type { BoundForward } from '../../index.ts';
import { formatAddress } from '../../public/format.ts';

interface Range {
  readonly first: BoundForward;
  readonly count: number;
}

/** Returns a text for each forward, and one for those whose ports follow each other, as with `--publish 8000-8009`. */
export function describeForwards(forwards: readonly BoundForward[]): string[] {
  const ranges: Range[] = [];
  for (const forward of forwards) {
    const last = ranges.at(-1);
    if (last && follows(last, forward)) ranges[ranges.length - 1] = { ...last, count: last.count + 1 };
    else ranges.push({ first: forward, count: 1 });
  }
  return ranges.map(describe);
}

function follows(
  { first, count }: Range,
  { hostAddress, hostPort, guestPort, protocol }: BoundForward,
): boolean {
  return (
    hostAddress === first.hostAddress &&
    protocol === first.protocol &&
    hostPort === first.hostPort + count &&
    guestPort === first.guestPort + count
  );
}

function describe({ first: { hostAddress, hostPort, guestPort, protocol }, count }: Range): string {
  const portsFrom = (port: number): string => (count === 1 ? `${port}` : `${port}-${port + count - 1}`);
  const suffix = protocol === 'tcp' ? '' : `/${protocol}`;
  return `${formatAddress(hostAddress)}:${portsFrom(hostPort)}${suffix}->${portsFrom(guestPort)}`;
}
