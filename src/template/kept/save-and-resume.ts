import { chmod, copyFile } from 'node:fs/promises';
import { join } from 'node:path';
import { VmletError, isSystemError } from '../../errors/index.ts';
import { probeHost } from '../../host/probe.ts';
import { copyFileSparsely } from '../../images/formats/sparse-copy.ts';
import { requireSpace } from '../../images/transfer/space.ts';
import { launchBare } from '../../machine/launch/launch.ts';
import type { Renewal } from '../../machine/launch/reach-guest.ts';
import { claimMemoryFile } from '../../machine/paths/memory-file.ts';
import type { Plan } from '../../machine/plan/plan.ts';
import type { Machine } from '../../machine/running/machine.ts';
import { bootTimeoutMs } from '../../machine/spec/guest-time.ts';
import type { LaunchOptions } from '../../machine/spec/launch-options.ts';
import { Scope } from '../../util/scope.ts';
import { withinLimits } from '../../util/time/deadline.ts';
import { copiesOfFiles } from '../fork-plan.ts';
import { newIdentity } from '../renew-fork.ts';
import {
  type BootedMachine,
  type Making,
  RESERVE_BYTES,
  createOverlays,
  freeze,
  recordTemplate,
} from '../save-guest.ts';
import type { TemplateFiles } from '../template-files.ts';
import type { TemplateRecord } from '../template-record.ts';

/** The template that a guest was saved as, why it could not be saved, or undefined if it may not be. */
export type SavedGuest = TemplateRecord | Error | undefined;

/** Options of a machine whose guest is saved. */
export interface ResumeOptions {
  readonly launching: LaunchOptions;
  /** Prepares the guest to be forked. @returns whether it may be saved. */
  readonly mayKeep: (machine: Machine) => Promise<boolean>;
  /** Nothing of the machine's own is in the guest before. */
  readonly onSaved: (saved: SavedGuest) => Promise<void>;
  readonly renew: Renewal | undefined;
}

/**
 * Boots the guest and saves it, and gives its machine what was left out until then. The template gets copies of all
 * files, to which this machine has no access.
 * @returns undefined if there is no room in memory.
 * @throws what `launch` throws, TimedOutError, or the signal's reason.
 */
export async function saveAndResume(
  files: TemplateFiles,
  making: Making,
  { launching, mayKeep, onSaved, renew }: ResumeOptions,
): Promise<Machine | undefined> {
  const { spec, locations, nameAtBoot: hostname = spec.name, networkCards: spareCards } = making;
  const { signal } = launching;
  await requireSpace(files.directory, spec.memoryBytes, RESERVE_BYTES);
  const resources = new Scope();
  const memoryFile = await claimMemoryFile(locations, spec.memoryBytes, resources);
  if (memoryFile === undefined) return undefined;
  const host = await probeHost({ cacheDirectory: locations.cache, ...launching });
  const savedStorage = files.directory;
  const places = { locations, memoryFile, resources, hostname, spareCards, savedStorage };
  const {
    machine,
    saved: plan,
    furnish,
  } = await launchBare(places, launching).catch(async (error: unknown) => {
    await resources.close();
    throw error;
  });
  const { timeoutMs = bootTimeoutMs(machine.plan.boot.kind, machine.plan.accelerator) } = spec;
  const stop = new AbortController();
  const either = AbortSignal.any([stop.signal, ...(signal ? [signal] : [])]);
  const save = async (): Promise<SavedGuest> =>
    (await mayKeep(machine))
      ? saveStopped(memoryFile, files, making, { machine, host, plan }, either)
      : undefined;
  const resumed = save().then(async (saved) => {
    await machine.qmp.execute('cont');
    await onSaved(saved);
    await furnish(newIdentity(spec.name), renew);
    return machine;
  });
  try {
    return await withinLimits('saving the booted guest', resumed, { timeoutMs, signal });
  } catch (error) {
    stop.abort();
    await machine[Symbol.asyncDispose]();
    await resumed.catch(() => undefined);
    signal?.throwIfAborted();
    throw error;
  }
}

async function saveStopped(
  memoryFile: string,
  files: TemplateFiles,
  making: Making,
  booted: BootedMachine & { readonly plan: Plan },
  signal: AbortSignal,
): Promise<TemplateRecord | Error> {
  const { machine, plan } = booted;
  try {
    const state = join(machine.plan.directory.storage, 'state');
    const abilities = await freeze(machine, state);
    await copyFile(state, files.state);
    for (const [from, to] of [...copiesOfFiles(machine.plan, plan), [memoryFile, files.memory] as const]) {
      await copyFileSparsely(from, to, signal);
      await chmod(to, 0o600);
    }
    await createOverlays(files, plan);
    return await recordTemplate(files, making, booted, abilities);
  } catch (error) {
    if (error instanceof VmletError || isSystemError(error)) return error;
    throw error;
  }
}
