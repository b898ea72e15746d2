import { pairForwards } from '../../../network/ports/pair-forwards.ts';
import type { BoundForward } from '../../../network/ports/port.ts';
import { isSshForward, readForward } from '../../spec/forwards.ts';
import type { MachineSpec, StoredForward } from '../../spec/machine-spec.ts';

/** A forward of the definition, and its forward of the run. */
export type Pair =
  | { readonly stored: StoredForward; readonly bound: BoundForward | undefined }
  | { readonly stored: undefined; readonly bound: BoundForward };

interface MatchedForwards {
  readonly pairs: readonly Pair[];
  /** Forwards of the run that the definition has, and the one for ssh that the start has added. */
  readonly known: readonly BoundForward[];
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
    unknown,
  };
}
