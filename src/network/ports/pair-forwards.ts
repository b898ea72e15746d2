import type { BoundForward, PortForward } from './port.ts';

/**
 * Finds the forward that was made for each wanted one. A forward is matched once at most: two that leave their host
 * port open and lead to one guest port are two.
 * @returns for each of `wanted`, in its order, the one of `bound`; undefined where there is none.
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

/** A forward whose port was chosen was made for one that left it open. */
function isMadeFor(bound: BoundForward, wanted: PortForward): boolean {
  return (
    bound.protocol === wanted.protocol &&
    bound.hostAddress === wanted.hostAddress &&
    bound.guestPort === wanted.guestPort &&
    (bound.ephemeral ? undefined : bound.hostPort) === wanted.hostPort
  );
}
