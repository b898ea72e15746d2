import type { SharePlan } from './share-plan.ts';

/** Returns the agent's instructions for shares. */
export function mountsOf(shares: readonly SharePlan[]) {
  return [...shares]
    .sort((one, other) => one.target.length - other.target.length)
    .map(({ tag, target, readOnly, cache }) => ({
      tag,
      path: target,
      readOnly,
      // A guest without a cache knows nothing that it could forget; one that trusts its cache was asked to.
      fresh: cache === 'auto',
    }));
}
