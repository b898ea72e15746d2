import { existsSync } from 'node:fs';
import {
  GuestHoldsDeviceError,
  MachineStateError,
  QmpRefusedError,
  SharesUnavailableError,
} from '../../../errors/index.ts';
import type { GuestAgent } from '../../../guest/agent/agent.ts';
import { mountsOf } from '../../../machine/plan/guest-mounts.ts';
import type { NamedPlan } from '../../../machine/plan/named-plan.ts';
import { isFreePort, sharePort } from '../../../machine/qemu/root-port.ts';
import type { SharePlan } from '../../../machine/share/share-plan.ts';
import { attachShare, detachShare, hasConnection } from '../../../machine/state/live-share.ts';
import { argumentsText } from '../../../process/keeper.ts';
import { exchangeFile } from '../../../util/files/atomic-file.ts';
import { removeFile } from '../../../util/files/removal.ts';
import type { Limits } from '../../../util/time/deadline.ts';
import { poll } from '../../../util/time/poll.ts';
import { attachAgent } from '../../channel/attach-agent.ts';
import { updateFailedMounts } from '../../channel/failed-mounts.ts';
import { withMonitor } from '../../channel/monitor.ts';
import type { Definition } from '../../record/definition.ts';
import { shareArguments, shareLog, shareSocket } from '../../record/machine-files.ts';
import { readPlan, replacePlan } from '../../record/machine-plan-file.ts';
import { lastLines, readStatus } from '../../record/machine-status.ts';
import { shareTags } from '../../spec/stored-mounts.ts';
import { guestRequest } from '../guest-request.ts';
import { shareCommand } from '../start/start-plan.ts';
import { refusePaused } from '../../lock/paused-guest.ts';

/** Time for the agent's answers, and for the guest to release a device that could not be used. */
const AGENT_MS = 30_000;
const UNDO_MS = 10_000;
/** virtiofsd ends as soon as its connection does. */
const VIRTIOFSD_END_MS = 5000;
const LOOK_EVERY_MS = 2;
const LONGEST_WORDS = 200;

/**
 * Returns a tag that no share has, with a free port; undefined when the machine was started without such ports.
 * @param taken tags of the definition.
 */
export async function freeLiveTag(
  definition: Definition,
  taken: readonly string[],
  signal: AbortSignal | undefined,
): Promise<string | undefined> {
  const { rootPorts, shares } = readPlan(definition.files);
  const tags = shareTags().filter(
    (tag) =>
      rootPorts.includes(sharePort(tag)) && !taken.includes(tag) && shares.every((one) => one.tag !== tag),
  );
  if (tags.length === 0) return undefined;
  return withMonitor(
    definition,
    async (qmp) => {
      for (const tag of tags) {
        const isFree = (await isFreePort(qmp, sharePort(tag))) && !(await hasConnection(qmp, tag));
        if (isFree && isServed(definition, tag)) return tag;
      }
      return undefined;
    },
    { signal },
  );
}

/**
 * Gives a directory to a running machine, and mounts it in the guest. The guest is asked first whether it is there;
 * nothing has changed on failure, unless `hasShare` says so: the guest did not release the device then.
 * @throws MachineStateError, SharesUnavailableError, GuestMountError, TimedOutError, QmpRefusedError, the signal's reason.
 */
export async function plugInShare(
  definition: Definition,
  share: SharePlan,
  { signal }: Pick<Limits, 'signal'>,
): Promise<void> {
  const { files } = definition;
  await using agent = await reachAgent(definition, signal);
  exchangeFile(shareArguments(files, share.tag), argumentsText(shareCommand(share)));
  // By the plan the device is found again. A guest that boots before it is there would wait for it.
  const before = readPlan(files);
  const plan = { ...before, shares: [...before.shares, share] };
  replacePlan(files, plan);
  try {
    await attach(definition, share, signal);
    exchangeFile(files.guestRequest, guestRequest(plan));
    await mount(agent, share, signal);
  } catch (error) {
    await undo(definition, agent, share, error);
    throw error;
  }
  await updateFailedMounts(definition, { signal, timeoutMs: AGENT_MS });
}

/** True while the plan of the last start has the share. */
export function hasShare({ files }: Definition, tag: string): boolean {
  return readPlan(files).shares.some((share) => share.tag === tag);
}

/** @throws MachineStateError when the running machine keeps the device. */
async function undo(
  definition: Definition,
  agent: GuestAgent,
  share: SharePlan,
  reason: unknown,
): Promise<void> {
  const { spec, files } = definition;
  // A guest that reboots now releases the device, and would wait for it.
  exchangeFile(files.guestRequest, guestRequest(without(readPlan(files), share)));
  // A mount that is left, as of an agent that does not answer, ends with its device.
  await unmount(agent, share.tag, { timeoutMs: UNDO_MS }).catch(() => undefined);
  try {
    await takeOut(definition, share, { timeoutMs: UNDO_MS });
  } catch {
    const status = readStatus(files);
    // The first error matters; a machine that has ended has no device.
    if (status.kind === 'running') {
      throw new MachineStateError(
        spec.name,
        status.state,
        `could not mount the directory at ${share.target}: ${wordsOf(reason)}; the new virtiofs device could not be removed`,
        { hint: `restart the machine: vmlet restart ${spec.name}`, cause: reason },
      );
    }
  }
  forget(definition, share);
}

function wordsOf(reason: unknown): string {
  return reason instanceof Error ? reason.message : String(reason);
}

async function attach(
  definition: Definition,
  share: SharePlan,
  signal: AbortSignal | undefined,
): Promise<void> {
  const log = shareLog(definition.files, share.tag);
  const before = lastLines(log).length;
  try {
    await withMonitor(definition, async (qmp) => attachShare(qmp, share), { signal });
  } catch (error) {
    if (!(error instanceof QmpRefusedError)) throw error;
    const words = lastLines(log).slice(before).at(-1);
    throw new SharesUnavailableError(words ?? error.message, { cause: error });
  }
}

/**
 * Unmounts a directory in the guest, and takes it away from the machine.
 * @throws GuestHoldsDeviceError while a program of the guest uses it; it is mounted then as before.
 */
export async function unplugShare(
  definition: Definition,
  share: SharePlan,
  { timeoutMs, signal }: Limits,
): Promise<void> {
  const { files } = definition;
  const plan = readPlan(files);
  await using agent = await reachAgent(definition, signal);
  // A guest that reboots now does not mount it again.
  exchangeFile(files.guestRequest, guestRequest(without(plan, share)));
  try {
    await unmount(agent, share.tag, { timeoutMs: AGENT_MS, signal });
    await takeOut(definition, share, { timeoutMs, signal });
  } catch (error) {
    exchangeFile(files.guestRequest, guestRequest(plan));
    // The first error matters; the guest mounts it again at the latest when it reboots.
    await mount(agent, share, undefined).catch(() => undefined);
    throw error;
  }
  forget(definition, share);
  await updateFailedMounts(definition, { signal, timeoutMs: AGENT_MS });
  await untilServed(definition, share.tag, signal);
}

/** False from virtiofsd's start until the keeper has seen its end. */
function isServed({ files }: Definition, tag: string): boolean {
  return existsSync(shareSocket(files, tag));
}

/** Another directory that is added now gets this place; after the time it gets another one. */
async function untilServed(
  definition: Definition,
  tag: string,
  signal: AbortSignal | undefined,
): Promise<void> {
  const limits = { timeoutMs: VIRTIOFSD_END_MS, signal };
  await poll(() => isServed(definition, tag), { everyMs: LOOK_EVERY_MS, ...limits });
}

/** @throws MachineStateError for a paused machine, whose guest cannot answer. */
async function reachAgent(definition: Definition, signal: AbortSignal | undefined): Promise<GuestAgent> {
  const { spec, files } = definition;
  refusePaused(spec.name, readStatus(files), 'mount or unmount directories');
  return attachAgent(definition, { signal, timeoutMs: AGENT_MS });
}

async function mount(agent: GuestAgent, share: SharePlan, signal: AbortSignal | undefined): Promise<void> {
  const mounts = mountsOf({ shares: [share], volumes: [], tmpfs: [] });
  await agent.configure({ mounts }, { signal, timeoutMs: AGENT_MS });
}

async function unmount(agent: GuestAgent, tag: string, limits: Limits): Promise<void> {
  const { stdout } = await agent.exec(['cat', '/proc/self/mounts'], limits);
  for (const path of mountPoints(stdout.toString(), tag).reverse()) {
    const { exitCode, stderr } = await agent.exec(['umount', path], limits);
    if (exitCode === 0) continue;
    const words = stderr.toString().trim().slice(0, LONGEST_WORDS);
    throw new GuestHoldsDeviceError(path, `the guest cannot unmount ${path}: ${words}`, {
      hint: 'in the guest, stop the programs that use the directory, or stop the machine; then try again',
    });
  }
}

/** Returns where a share is mounted, in the order of mounting; `text` is /proc/self/mounts of proc_pid_mounts(5). */
export function mountPoints(text: string, tag: string): string[] {
  return text
    .split('\n')
    .map((line) => line.split(' '))
    .filter(([source, , type]) => source === tag && type === 'virtiofs')
    .map(([, path = '']) =>
      path.replace(/\\([0-7]{3})/g, (_all, octal: string) => String.fromCharCode(Number.parseInt(octal, 8))),
    );
}

async function takeOut(definition: Definition, share: SharePlan, limits: Limits): Promise<void> {
  await withMonitor(definition, async (qmp) => detachShare(qmp, share, limits), {
    waitsForGuest: true,
    signal: limits.signal,
  });
}

/** The keeper must not serve it again. */
function forget({ files }: Definition, share: SharePlan): void {
  const plan = without(readPlan(files), share);
  replacePlan(files, plan);
  exchangeFile(files.guestRequest, guestRequest(plan));
  removeFile(shareArguments(files, share.tag));
}

function without(plan: NamedPlan, { tag }: SharePlan): NamedPlan {
  return { ...plan, shares: plan.shares.filter((share) => share.tag !== tag) };
}
