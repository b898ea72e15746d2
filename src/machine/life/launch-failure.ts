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
import { formatBytes } from '../../util/format-bytes.ts';
import { adviseOn } from './advice.ts';
import type { GuestConsole } from './guest-console.ts';
import { describeDeath, describeLack } from './dead-kernel.ts';
import type { QemuLifecycle } from './qemu-lifecycle.ts';
import { type Outcome, describeOutcome } from './outcome.ts';
import type { Plan } from '../plan/plan.ts';

const CONSOLE_LINES = 20;
const SILENCE_HINT =
  'the guest printed nothing on its serial console: check that its first disk has an operating system; if this needs UEFI, add --firmware uefi';
/** The register dump that KVM prints after an error. */
const registerDump = /^(?:[A-Z][A-Z0-9]{1,3} ?=|Code=)/;
/** Below this, a dying kernel may have run out of memory. */
const SCARCE_MEMORY = 512 * 1024 * 1024;
/** Connections to a dying QEMU close before its process exits. */
const DYING_MS = 5000;

/** Everything that a launch has created so far. */
export interface StartedParts {
  /** Owns all of it. */
  readonly scope: Scope;
  plan?: Plan;
  life?: QemuLifecycle;
  console?: GuestConsole;
  network?: RunningNetwork | undefined;
  /** True for a disk that may lack the agent and gets none from a seed. */
  unknownDisk?: boolean;
}

/**
 * Cleans up after a failed launch.
 * @returns the error to throw.
 */
export async function undoLaunch(error: unknown, started: StartedParts): Promise<unknown> {
  const explanation = await explainLaunchFailure(error, started);
  await started.scope.close();
  return explanation;
}

/** Adds the machine's last output to the error. */
async function explainLaunchFailure(error: unknown, started: StartedParts): Promise<unknown> {
  const { life, console } = started;
  if (!life || !console) return error;
  const timedOut = error instanceof TimedOutError;
  if (!timedOut && !isEndOfConnection(error)) return error;
  const outcome = timedOut ? life.outcome : await awaitOutcome(life);
  const output = { qemu: life.lastWords, console: console.last(CONSOLE_LINES) };
  if (outcome?.kind === 'start-failure') {
    const cause = await networkFailure(started);
    if (cause !== undefined) return cause;
  }
  if (outcome) {
    // A kernel that reboots on panic looks like an ordinary reboot.
    const mayHaveDied = outcome.kind === 'reboot' || outcome.kind === 'panic';
    if (mayHaveDied && describeDeath(console.last(Infinity)) !== undefined) {
      return deadKernelError({ life, console, plan: started.plan }, error);
    }
    const lastWords = output.qemu.findLast((line) => !registerDump.test(line));
    const problem = `the machine did not become ready: ${describeOutcome(outcome)}`;
    const failure = new LaunchError(lastWords === undefined ? problem : `${problem}: ${lastWords}`, output, {
      hint:
        adviseOn(output.qemu) ??
        (outcome.kind === 'reboot' && isSilentBios(started) ? SILENCE_HINT : undefined),
      cause: error,
    });
    const { plan } = started;
    const path = (plan?.disks[0] ?? plan?.volumes[0]?.disk)?.path;
    if (outcome.kind !== 'start-failure' || !plan || path === undefined) return failure;
    const { explainLockedImage } = await import('./locked-image.ts');
    return explainLockedImage(failure, path, plan.volumes);
  }
  return new LaunchError((error as Error).message, output, {
    hint: timedOut ? timeOutHint(started) : undefined,
    cause: error,
  });
}

/**
 * SeaBIOS prints only on the screen that it finds nothing to boot. A disk for UEFI has a boot sector, of zeros
 * (UEFI 2.10 §5.2.3): the processor runs through them, and nothing happens.
 */
function isSilentBios({ plan, console }: StartedParts): boolean {
  if (plan?.boot.kind !== 'disk' || plan.firmware || console?.last(1).length !== 0) return false;
  const { kind } = plan.memory;
  const isFork = kind === 'copy' || kind === 'copy-on-write';
  return !isFork;
}

/** The error for a kernel that died while booting, based on its console output. */
export function deadKernelError(
  { life, console, plan }: { life: QemuLifecycle; console: GuestConsole; plan: Plan | undefined },
  cause?: unknown,
): LaunchError {
  const lines = console.last(Infinity);
  const lack = describeLack(lines);
  const death = lack?.problem ?? describeDeath(lines) ?? describeOutcome({ kind: 'panic' });
  return new LaunchError(
    `the machine did not become ready: ${death}`,
    // The agent's words say all; the kernel's panic is the end of its first process.
    { qemu: life.lastWords, console: lack ? [] : console.last(CONSOLE_LINES) },
    { hint: lack?.hint ?? (plan && adviseOnMemory(plan.memoryBytes)), cause },
  );
}

/** A named machine whose kernel died. */
export interface PanickedMachine {
  readonly name: string;
  /** Whether the failed command ends it, as a start does. */
  readonly ends: boolean;
}

/** Advice for a kernel that died. @param machine undefined if it is thrown away. */
export function adviseOnMemory(memoryBytes: number, machine?: PanickedMachine): string {
  const lookFurther = `check the last lines of the guest's console${machine === undefined ? '' : `: vmlet logs --source serial ${machine.name}`}`;
  if (memoryBytes >= SCARCE_MEMORY) return lookFurther;
  const more =
    machine === undefined
      ? 'add --memory 1G'
      : `run: ${machine.ends ? '' : `vmlet kill ${machine.name}; `}vmlet set ${machine.name} --memory 1G && vmlet start ${machine.name}`;
  return `${lookFurther}; if the guest needs more than ${formatBytes(memoryBytes)} of memory, ${more}`;
}

function timeOutHint(started: StartedParts): string {
  const { unknownDisk, plan } = started;
  const silence = isSilentBios(started) ? `${SILENCE_HINT}; ` : '';
  if (unknownDisk === true) {
    return (
      `${silence}this disk may lack the vmlet agent, which runs commands in the guest; ` +
      'if the disk has cloud-init, add --cloud-init to install the agent'
    );
  }
  const lookFurther =
    'check the last lines of the console, or give a slow guest more time with --boot-timeout (in a program, timeoutMs)';
  return plan?.seed
    ? `${silence}${lookFurther}; the vmlet agent is installed only if the disk has cloud-init`
    : `${silence}${lookFurther}`;
}

function isEndOfConnection(error: unknown): boolean {
  return [MachineEndedError, QmpClosedError, QmpCrashedError, GuestClosedError].some(
    (kind) => error instanceof kind,
  );
}

async function awaitOutcome(life: QemuLifecycle): Promise<Outcome | undefined> {
  return withinLimits('waiting for QEMU to exit', life.ended, { timeoutMs: DYING_MS }).catch(
    (late: unknown) => {
      if (late instanceof TimedOutError) return undefined;
      throw late;
    },
  );
}

/** Returns the machine's end as the error for a failed connection to it, if the machine has ended. */
export async function endOfMachine(life: QemuLifecycle): Promise<MachineEndedError | undefined> {
  await awaitOutcome(life);
  return life.end;
}

/**
 * QEMU does not start without its network, but only reports that it is gone; the network's own error has the
 * reason.
 */
async function networkFailure({ plan, life, network }: StartedParts): Promise<unknown> {
  try {
    if (plan?.network?.backend === 'slirp')
      await explainSlirpFailure(life?.lastWords ?? [], plan.network.forwards);
    // passt exits with QEMU, so one of the two always settles.
    else if (network?.pid !== undefined) await Promise.race([network.ready, network.exited]);
    return undefined;
  } catch (cause) {
    return cause;
  }
}
