import type { BoundForward, PortForward } from './port.ts';

/**
 * Finds the forward that was set up for each requested one. Each forward is matched at most once: two
 * requests with an open host port and the same guest port are distinct.
 * @returns for each of `wanted`, in order, its match in `bound`; undefined if there is none.
 */
export function pairForwards(
  wanted: readonly PortForward[],
  bound: readonly BoundForward[],
): (BoundForward | undefined)[] {
  const left = [...bound];
  return wanted.map((forward) => {
    const index = left.findIndex((candidate) => isMadeFor(candidate, forward));
    return index < 0 ? undefined : left.splice(index, 1)[0];
  });
}

/** A forward whose port was chosen matches a request that left it open. */
function isMadeFor(bound: BoundForward, wanted: PortForward): boolean {
  return (
    bound.protocol === wanted.protocol &&
    bound.hostAddress === wanted.hostAddress &&
    bound.guestPort === wanted.guestPort &&
    (bound.ephemeral ? undefined : bound.hostPort) === wanted.hostPort
  );
}
