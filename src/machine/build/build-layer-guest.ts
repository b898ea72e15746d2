import type { Logger } from 'pino';
import { ImageBuildError, MachineEndedError } from '../../errors/index.ts';
import { generalizeGuest } from '../../guest/agent/generalize.ts';
import type { GuestResult } from '../../guest/agent/process.ts';
import type { DiskImage } from '../../images/record/image.ts';
import { hostProxies } from '../../images/build/packages/host-proxies.ts';
import { Tail } from '../../process/output/tail.ts';
import type { LayerStep } from './build-layer-steps.ts';
import { launchAt } from '../launch/launch.ts';
import type { Locations } from '../paths/locations.ts';
import type { Machine } from '../running/machine.ts';
import { describeOutcome } from '../life/outcome.ts';
import type { LaunchOptions } from '../spec/launch-options.ts';

/** On a disk: a file system in memory may be mounted noexec. */
const FOLDER = '/var/lib/vmlet-build';
/** The same environment as in a build from packages. */
const ENVIRONMENT = {
  PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
  HOME: '/root',
  LC_ALL: 'C.UTF-8',
  DEBIAN_FRONTEND: 'noninteractive',
};
/** Run through a shell, so that a script without a shebang line works too. */
const RUN = 'exec 2>&1; "$0"';
const SHUTDOWN_MS = 300_000;
const LAST_LINES = 20;

export type GuestPhase = 'booting' | 'running scripts' | 'cleaning up' | 'shutting down';

export interface GuestWork {
  readonly memory: LaunchOptions['memory'] | undefined;
  readonly cpus: number | undefined;
  readonly timeoutMs: number | undefined;
  readonly log: Logger | undefined;
  readonly locations: Locations;
  /** An empty directory in which the disk is created. */
  readonly storage: string;
  readonly signal: AbortSignal | undefined;
  readonly onPhase: (phase: GuestPhase) => void;
  readonly onOutput: (line: string) => void;
}

/**
 * Boots an image, runs a script in it, cleans up and shuts down.
 * @returns the path of a qcow2 on top of the image's disk.
 * @throws ImageBuildError when the script fails, the errors of `launch`, GuestSetupError, the signal's
 * reason.
 */
export async function changeInGuest(base: DiskImage, step: LayerStep, work: GuestWork): Promise<string> {
  const { signal, onPhase } = work;
  onPhase('booting');
  await using machine = await launchAt(
    { locations: work.locations, storage: work.storage },
    {
      image: `sha256:${base.digest}`,
      pull: 'never',
      // Root only: users of the resulting image get their own account when they start it.
      ...(!base.guest.agent && { seed: { user: 'root' } }),
      ...(step.sizeBytes !== undefined && { diskSize: step.sizeBytes }),
      ...(work.memory !== undefined && { memory: work.memory }),
      ...(work.cpus !== undefined && { cpus: work.cpus }),
      ...(work.timeoutMs !== undefined && { timeoutMs: work.timeoutMs }),
      ...(work.log && { log: work.log }),
      ...(signal && { signal }),
    },
  );
  const [disk] = machine.plan.disks;
  if (!disk) throw new TypeError('a machine booted from an image has no disk');
  try {
    onPhase('running scripts');
    await runScript(machine, step, work);
    onPhase('cleaning up');
    await machine.exec(['rm', '-rf', FOLDER], { signal });
    await generalizeGuest(machine, { signal });
  } catch (error) {
    if (!(error instanceof MachineEndedError) || signal?.aborted) throw error;
    const isEndedByScript = ['power-off', 'reboot'].includes(error.outcome.kind);
    throw new ImageBuildError(`${step.title} was interrupted, because ${error.message}`, {
      hint: isEndedByScript
        ? 'if the script calls reboot or poweroff, remove this call: the guest must keep running until the script ends'
        : undefined,
      cause: error,
    });
  }
  onPhase('shutting down');
  await shutDown(machine, signal);
  return disk.path;
}

async function runScript(
  machine: Machine,
  { title, fileName, content, environment }: LayerStep,
  { signal, onOutput }: GuestWork,
): Promise<void> {
  const path = `${FOLDER}/${fileName}`;
  await machine.push(content, path, { mode: 0o755, parents: true, signal });
  const script = machine.exec(['sh', '-c', RUN, path], {
    env: { ...ENVIRONMENT, ...reachable(await hostProxies(signal)), ...environment },
    clearEnv: true,
    cwd: '/root',
    signal,
  });
  const last = new Tail();
  for await (const line of script) {
    last.push(Buffer.from(`${line}\n`));
    onOutput(line);
  }
  const result = await script;
  if (result.exitCode !== 0) throw scriptFailure(title, result, last);
}

/** The guest cannot reach a proxy on the host's loopback interface. */
function reachable(proxies: Readonly<Record<string, string>>): Record<string, string> {
  const loopback = /^(?:[a-z0-9]+:\/\/)?(?:[^@/]*@)?(?:localhost|127\.[0-9.]+|\[::1\])(?:[:/]|$)/i;
  return Object.fromEntries(Object.entries(proxies).filter(([, address]) => !loopback.test(address)));
}

function scriptFailure(title: string, { exitCode, signal }: GuestResult, last: Tail): ImageBuildError {
  const how =
    exitCode === undefined ? `was killed by ${signal ?? 'a signal'}` : `exited with status ${exitCode}`;
  const lines = last.last(LAST_LINES).filter((line) => line.trim() !== '');
  const said = lines.length === 0 ? ' and printed nothing' : '; last lines:';
  return new ImageBuildError(`in the guest, ${title} ${how}${said}`, { lines });
}

/**
 * Requires an orderly shutdown: otherwise data that was not yet written to the disk would be missing from the
 * image.
 */
async function shutDown(machine: Machine, signal: AbortSignal | undefined): Promise<void> {
  const { outcome } = await machine.stop({ timeoutMs: SHUTDOWN_MS });
  signal?.throwIfAborted();
  if (outcome.kind === 'power-off') return;
  const isEndedByVmlet = outcome.kind === 'host-quit' || (outcome.kind === 'killed' && outcome.expected);
  const how = isEndedByVmlet ? 'it did not power off in time, so vmlet ended it' : describeOutcome(outcome);
  throw new ImageBuildError(`the guest did not shut down cleanly: ${how}`, {
    hint: isEndedByVmlet
      ? 'check whether a program that the scripts started blocks the shutdown of the guest'
      : 'build the image again; if this happens again, check that the scripts do not make the guest reboot or crash',
  });
}
