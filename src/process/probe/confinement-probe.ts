import * as z from 'zod';
import { readAnswer } from './read-answer.ts';
import { confineProgram } from '../native/confine-program.ts';
import type { Ability, ConfinementAbilities } from '../confine/layers.ts';
import { run } from '../run.ts';

const PATIENCE_MS = 20_000;

/** True, or the reason why not. */
const tried = z.union([z.literal(true), z.string()]);

const answer = z.strictObject({
  landlock: z.union([
    z.strictObject({ abi: z.number().int().positive() }),
    z.strictObject({ abi: z.literal(0), reason: z.string() }),
  ]),
  seccomp: tried,
  user: tried,
  mount: tried,
  net: tried,
  ipc: tried,
  uts: tried,
});

/**
 * Makes vmlet-confine test which layers this host supports: each layer is actually applied and must deny
 * something.
 * @param program vmlet's own by default.
 * @throws ProgramAnswerError, CommandFailedError, TimedOutError, or the signal's reason.
 */
export async function probeConfinement(
  signal?: AbortSignal,
  program = confineProgram(),
): Promise<ConfinementAbilities> {
  const result = await run([program, 'probe'], { signal, timeoutMs: PATIENCE_MS, environment: {} });
  const { landlock, seccomp, mount, net, ipc, uts } = readAnswer('vmlet-confine', result, (json) =>
    answer.parse(json),
  );
  return {
    landlock:
      'reason' in landlock ? { usable: false, reason: landlock.reason } : { usable: true, abi: landlock.abi },
    seccomp: abilityOf(seccomp),
    namespaces: { mount: abilityOf(mount), net: abilityOf(net), ipc: abilityOf(ipc), uts: abilityOf(uts) },
  };
}

function abilityOf(found: z.infer<typeof tried>): Ability {
  return found === true ? { usable: true } : { usable: false, reason: found };
}
