import {
  GuestClosedError,
  LaunchError,
  MachineEndedError,
  QmpClosedError,
  QmpCrashedError,
  TimedOutError,
} from '../../errors/index.ts';
import type { RunningNetwork } from '../../passt/running-network.ts';
import { explainSlirpFailure } from '../../passt/start-failure.ts';
import { withinLimits } from '../../util/time/deadline.ts';
import type { Scope } from '../../util/scope.ts';
import { formatBytes } from '../../images/qemu-img/disk-size.ts';
import { adviseOn } from './advice.ts';
import type { GuestConsole } from './console.ts';
import { describeDeath } from './dead-kernel.ts';
import type { Life } from './life.ts';
import { type Outcome, describeOutcome } from './outcome.ts';
import type { Plan } from '../plan/plan.ts';

const CONSOLE_LINES = 20;
/** What KVM prints behind the reason why it gave up. */
const registerDump = /^(?:[A-Z][A-Z0-9]{1,3} ?=|Code=)/;
/** A kernel that dies with less may have died of it. */
const SCARCE_MEMORY = 512 * 1024 * 1024;
/** Connections to a dying QEMU end before its process does. */
const DYING_MS = 5000;

/** What a launch has made so far. */
export interface StartedParts {
  /** Owns all of it. */
  readonly scope: Scope;
  plan?: Plan;
  life?: Life;
  console?: GuestConsole;
  network?: RunningNetwork | undefined;
  /** A disk of which nobody said that it has our agent, and which gets none. */
  unknownDisk?: boolean;
}

/**
 * Takes away what was made for a launch that failed.
 * @returns what to throw.
 */
export async function undoLaunch(error: unknown, started: StartedParts): Promise<unknown> {
  const explanation = await explainLaunchFailure(error, started);
  await started.scope.close();
  return explanation;
}

/** The user's first question is what the machine last said; the answer goes into the error. */
async function explainLaunchFailure(error: unknown, started: StartedParts): Promise<unknown> {
  const { life, console } = started;
  if (!life || !console) return error;
  const timedOut = error instanceof TimedOutError;
  if (!timedOut && !isEndOfConnection(error)) return error;
  const outcome = timedOut ? life.outcome : await outcomeOfDying(life);
  const output = { qemu: life.lastWords, console: console.last(CONSOLE_LINES) };
  if (outcome?.kind === 'start-failure') {
    const cause = await networkFailure(started);
    if (cause !== undefined) return cause;
  }
  if (outcome) {
    // A kernel that reboots when it panics looks like any that reboots.
    const mayHaveDied = outcome.kind === 'reboot' || outcome.kind === 'panic';
    if (mayHaveDied && describeDeath(console.last(Infinity)) !== undefined) {
      return deadKernelError({ life, console, plan: started.plan }, error);
    }
    const lastWords = output.qemu.findLast((line) => !registerDump.test(line));
    const problem = `the machine did not get ready: ${describeOutcome(outcome)}`;
    const failure = new LaunchError(lastWords === undefined ? problem : `${problem}: ${lastWords}`, output, {
      hint: adviseOn(output.qemu),
      cause: error,
    });
    const disk = started.plan?.disks[0];
    if (outcome.kind !== 'start-failure' || !disk) return failure;
    const { explainLockedImage } = await import('./locked-image.ts');
    return explainLockedImage(failure, disk.path);
  }
  return new LaunchError((error as Error).message, output, {
    hint: timedOut ? timeOutHint(started) : undefined,
    cause: error,
  });
}

/** A kernel that has died while it booted, in the words that it has left on the console. */
export function deadKernelError(
  { life, console, plan }: { life: Life; console: GuestConsole; plan: Plan | undefined },
  cause?: unknown,
): LaunchError {
  const death = describeDeath(console.last(Infinity)) ?? describeOutcome({ kind: 'panic' });
  return new LaunchError(
    `the machine did not get ready: ${death}`,
    { qemu: life.lastWords, console: console.last(CONSOLE_LINES) },
    { hint: plan && adviseOnMemory(plan.memoryBytes), cause },
  );
}

/** What to do about a kernel that has died. */
export function adviseOnMemory(memoryBytes: number): string {
  const lookFurther = "the last lines of the guest's console show how far it came";
  if (memoryBytes >= SCARCE_MEMORY) return lookFurther;
  return `the guest has ${formatBytes(memoryBytes)} of memory; where that is too little, give it more: --memory 256M (the option memory)`;
}

function timeOutHint({ unknownDisk, plan }: StartedParts): string {
  if (unknownDisk === true) {
    return (
      "commands reach a guest by vmlet's agent, and nobody said that this disk has it: " +
      'if it has cloud-init, --cloud-init (the option seed) brings it the agent'
    );
  }
  const lookFurther =
    'the last lines of the console show how far the guest came; give a slow guest more time: --boot-timeout (the option timeoutMs)';
  return plan?.seed
    ? `${lookFurther}; a disk without cloud-init does not take the agent from its seed`
    : lookFurther;
}

function isEndOfConnection(error: unknown): boolean {
  return [MachineEndedError, QmpClosedError, QmpCrashedError, GuestClosedError].some(
    (kind) => error instanceof kind,
  );
}

async function outcomeOfDying(life: Life): Promise<Outcome | undefined> {
  return withinLimits('the end of QEMU', life.ended, { timeoutMs: DYING_MS }).catch((late: unknown) => {
    if (late instanceof TimedOutError) return undefined;
    throw late;
  });
}

/** The error for what hung on a connection to the machine, where it is the machine that has ended. */
export async function endOfDying(life: Life): Promise<MachineEndedError | undefined> {
  await outcomeOfDying(life);
  return life.end;
}

/** QEMU does not start without its network and only says that it is gone; whoever carries the network knows why. */
async function networkFailure({ plan, life, network }: StartedParts): Promise<unknown> {
  try {
    if (plan?.network?.backend === 'slirp')
      await explainSlirpFailure(life?.lastWords ?? [], plan.network.forwards);
    // passt ends with QEMU, so that one of the two always settles.
    else if (network?.pid !== undefined) await Promise.race([network.ready, network.exited]);
    return undefined;
  } catch (cause) {
    return cause;
  }
}
