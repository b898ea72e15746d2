import { pairForwards } from '../../../network/ports/pair-forwards.ts';
import type { BoundForward } from '../../../network/ports/port.ts';
import type { NamedPlan } from '../../../machine/plan/named-plan.ts';
import { type ListedForward, boundForwards, isSshForward, readForward } from '../../spec/forwards.ts';
import type { MachineSpec, StoredForward } from '../../spec/machine-spec.ts';

/** A forward of the definition, and its forward of the run. */
export type Pair =
  | { readonly stored: StoredForward; readonly bound: BoundForward | undefined }
  | { readonly stored: undefined; readonly bound: BoundForward };

interface MatchedForwards {
  readonly pairs: readonly Pair[];
  /** Forwards of the run that the definition has, and the one for ssh that the start has added. */
  readonly known: readonly BoundForward[];
  /** The one for ssh that the start has added. */
  readonly ssh: BoundForward | undefined;
  /** Forwards left by a change that was interrupted before it was in the definition. */
  readonly unknown: readonly BoundForward[];
}

/** @param addsSsh whether the start has added a forward for ssh. */
export function matchForwards(
  { ports }: MachineSpec,
  forwards: readonly BoundForward[],
  addsSsh: boolean,
): MatchedForwards {
  const bound = pairForwards(ports.map(readForward), forwards);
  const others = forwards.filter((forward) => !bound.includes(forward));
  const ssh = addsSsh ? others.find(isSshForward) : undefined;
  const unknown = others.filter((forward) => forward !== ssh);
  return {
    pairs: ports.map((stored, index) => ({ stored, bound: bound[index] })),
    known: forwards.filter((forward) => !unknown.includes(forward)),
    ssh,
    unknown,
  };
}

/** Returns the forwards that `vmlet port ls` shows for a running machine. */
export function listedForwards(
  spec: MachineSpec,
  plan: Pick<NamedPlan, 'network' | 'relay'>,
): ListedForward<BoundForward>[] {
  const forwards = boundForwards(plan);
  const { ssh } = matchForwards(spec, forwards, plan.network?.addsSsh ?? true);
  return forwards.map((forward) => (forward === ssh ? { ...forward, automatic: true } : forward));
}
