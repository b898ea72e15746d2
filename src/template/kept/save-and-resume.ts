import { chmod, copyFile } from 'node:fs/promises';
import { join } from 'node:path';
import { NoSpaceError, VmletError, isSystemError } from '../../errors/index.ts';
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
import type { Scope } from '../../util/scope.ts';
import { withinLimits } from '../../util/time/deadline.ts';
import { copiesOfFiles } from '../fork-plan.ts';
import { newIdentity } from '../renew-fork.ts';
import {
  type BootedMachine,
  type Making,
  SAVE_RESERVE_BYTES,
  createOverlays,
  freeze,
  recordTemplate,
} from '../save-guest.ts';
import type { TemplateFiles } from '../template-files.ts';
import type { TemplateRecord } from '../template-record.ts';

/** The template that a guest was saved as, why it could not be saved, or undefined if it may not be. */
export type SavedGuest = TemplateRecord | Error | undefined;

/** The machine that boots a guest to be saved, and stays. */
export interface Resuming {
  readonly name: string;
  readonly launching: LaunchOptions;
  /** Prepares the guest to be forked. @returns whether it may be saved. */
  readonly mayKeep: (machine: Machine) => Promise<boolean>;
  /** Called before anything of the machine's own is in the guest, except its name. */
  readonly onSaved: (saved: SavedGuest) => Promise<void>;
  readonly renew: Renewal | undefined;
}

/**
 * Boots a guest and saves it, and gives its machine what was left out until then. The template gets copies of all files,
 * to which this machine has no access.
 * @throws what `launch` throws, NoSpaceError without room in memory, TimedOutError, or the signal's reason.
 */
export async function saveAndResume(
  files: TemplateFiles,
  making: Making,
  { name, launching, mayKeep, onSaved, renew }: Resuming,
): Promise<Machine> {
  const { spec, locations, networkCards: spareCards } = making;
  const { signal } = launching;
  await requireSpace(files.directory, spec.memoryBytes, SAVE_RESERVE_BYTES);
  const host = await probeHost({ cacheDirectory: locations.cache, ...launching });
  const claimMemory = async (scope: Scope): Promise<string> => {
    const path = await claimMemoryFile(locations, spec.memoryBytes, scope);
    if (path === undefined) throw new NoSpaceError('no space left in memory for the memory of the guest');
    return path;
  };
  const bare = { locations, claimMemory, hostname: spec.name, spareCards, savedStorage: files.directory };
  const { machine, saved: plan, failure, identify, furnish } = await launchBare(bare, launching);
  const { timeoutMs = bootTimeoutMs(machine.plan.boot.kind, machine.plan.accelerator) } = spec;
  const stop = new AbortController();
  const either = AbortSignal.any([stop.signal, ...(signal ? [signal] : [])]);
  const save = async (): Promise<SavedGuest> =>
    (await mayKeep(machine)) ? saveStopped(files, making, { machine, host, plan }, either) : undefined;
  const complete = async (saved: SavedGuest): Promise<void> => {
    await machine.qmp.execute('cont');
    await identify(newIdentity(name));
    await onSaved(saved);
    await furnish(renew);
  };
  const works: Promise<unknown>[] = [];
  const limited = async <Result>(what: string, work: Promise<Result>): Promise<Result> => {
    works.push(work);
    return withinLimits(what, Promise.race([work, failure]), { timeoutMs, signal });
  };
  try {
    const saved = await limited('saving the booted guest', save());
    await limited('starting the machine', complete(saved));
    return machine;
  } catch (error) {
    stop.abort();
    // Its volumes are not mounted yet, or it has become unusable: it need not write them back.
    await machine.kill();
    await Promise.allSettled(works);
    signal?.throwIfAborted();
    throw error;
  }
}

async function saveStopped(
  files: TemplateFiles,
  making: Making,
  booted: BootedMachine & { readonly plan: Plan },
  signal: AbortSignal,
): Promise<TemplateRecord | Error> {
  const { machine, plan } = booted;
  const { memory } = machine.plan;
  if (memory.kind !== 'file') throw new TypeError('the memory of a guest to be saved is a file');
  try {
    const state = join(machine.plan.directory.storage, 'state');
    const abilities = await freeze(booted, state);
    await copyFile(state, files.state);
    for (const [from, to] of [...copiesOfFiles(machine.plan, plan), [memory.path, files.memory] as const]) {
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
