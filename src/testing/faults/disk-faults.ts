import * as z from 'zod';
import { FaultUnavailableError, InvalidInputError } from '../../errors/index.ts';
import type { Machine } from '../../machine/running/machine.ts';
import type { DiskPlan } from '../../machine/plan/plan.ts';
import { ActiveFaults } from './active-faults.ts';
import { fillDisk } from './disk-full.ts';
import { DISK_REQUESTS, type DiskErrors, type DiskRequest, FailingDisk } from './failing-disk.ts';
import type { Fault } from './fault.ts';
import { parseOptions } from '../../util/options/parse-options.ts';
import { type DiskRates, limitDisk } from './slow-disk.ts';

/** The disk that a fault affects. */
export interface DiskOptions {
  /** Index of one of the machine's disks; by default 0, which is /dev/vda in the guest. */
  readonly disk?: number | undefined;
}

/** The requests of a disk that fail. */
export interface FailOptions extends DiskOptions {
  /** Kinds of requests that fail; all by default. */
  readonly on?: readonly DiskRequest[] | undefined;
  /** Only requests that touch this 512-byte sector of the guest's disk fail; all by default. */
  readonly sector?: number | undefined;
}

/** Limits, at least one. */
export interface SlowOptions extends DiskOptions {
  /** Reads and writes together, at least 1. */
  readonly bytesPerSecond?: number | undefined;
  /** Reads and writes together, at least 1. */
  readonly requestsPerSecond?: number | undefined;
}

/** The file system to fill, and the space to leave. */
export interface FillOptions {
  /** Directory in the guest whose file system is filled; `/` by default. */
  readonly path?: string | undefined;
  /** Bytes that remain for root, within a few blocks; other users may have less. 0 by default. */
  readonly freeBytes?: number | undefined;
}

const disk = z.int('expected the index of a disk (the first disk has index 0)').min(0).default(0);
const rate = z.int('expected an integer').min(1).optional();
const failSchema = z.strictObject({
  disk,
  on: z
    .array(z.enum(DISK_REQUESTS))
    .min(1)
    .default([...DISK_REQUESTS]),
  sector: z.int('expected a sector number').min(0).optional(),
});
const slowSchema = z.strictObject({ disk, bytesPerSecond: rate, requestsPerSecond: rate });
const fillSchema = z.strictObject({
  path: z.string().startsWith('/', 'expected an absolute path').default('/'),
  freeBytes: z.int('expected a whole number of bytes').min(0).default(0),
});

interface OfDisk<Settings> {
  readonly disk: DiskPlan;
  readonly settings: Settings;
}

/** Faults of a machine's disks. Of two of the same kind on one disk, the later one applies. */
export class DiskFaults {
  readonly #machine: Machine;
  readonly #failing = new Map<DiskPlan, FailingDisk>();
  readonly #failures = new ActiveFaults<OfDisk<DiskErrors>>(async (active) => this.#setErrors(active));
  readonly #limits = new ActiveFaults<OfDisk<DiskRates>>(async (active) => this.#setLimits(active));

  constructor(machine: Machine) {
    this.#machine = machine;
  }

  /**
   * Makes requests fail, with EIO in the guest's programs. Cached data is not affected: reads from the cache succeed, and
   * writes succeed until they are flushed (fsync).
   * @throws FaultUnavailableError for a machine without a disk, InvalidInputError.
   */
  async fail(options: FailOptions = {}): Promise<Fault> {
    const { disk: position, on, sector } = parseOptions(failSchema, options);
    return this.#failures.begin({
      disk: this.#choose('disk.fail', position),
      settings: { on, sector },
    });
  }

  /**
   * Limits the speed of the disk. Cached data is not affected.
   * @throws FaultUnavailableError for a machine without a disk, InvalidInputError.
   */
  async slow(options: SlowOptions): Promise<Fault> {
    const { disk: position, bytesPerSecond, requestsPerSecond } = parseOptions(slowSchema, options);
    if (bytesPerSecond === undefined && requestsPerSecond === undefined) {
      throw new InvalidInputError(
        'bytesPerSecond',
        'is missing; give bytesPerSecond, requestsPerSecond or both',
      );
    }
    return this.#limits.begin({
      disk: this.#choose('disk.slow', position),
      settings: { bytesPerSecond, requestsPerSecond },
    });
  }

  /**
   * Fills a file system of the guest, on any disk: programs get ENOSPC. This is done in the guest.
   * @throws InvalidInputError, FaultUnavailableError when the guest lacks the necessary programs.
   */
  async fill(options: FillOptions = {}): Promise<Fault> {
    const { path, freeBytes } = parseOptions(fillSchema, options);
    return fillDisk(this.#machine, path, freeBytes);
  }

  /** Ends all limits and failures, but leaves file systems full. */
  async endLimitsAndFailures(): Promise<void> {
    await Promise.all([this.#limits.endAll(), this.#failures.endAll()]);
  }

  async #setErrors(active: readonly OfDisk<DiskErrors>[]): Promise<void> {
    const { qmp, plan } = this.#machine;
    for (const one of plan.disks) {
      const errors = latestOf(active, one);
      const failing = this.#failing.get(one) ?? new FailingDisk(qmp, one);
      this.#failing.set(one, failing);
      await failing.set(errors);
    }
  }

  async #setLimits(active: readonly OfDisk<DiskRates>[]): Promise<void> {
    const { qmp, plan } = this.#machine;
    for (const one of plan.disks) await limitDisk(qmp, one, latestOf(active, one));
  }

  #choose(fault: string, position: number): DiskPlan {
    const { disks } = this.#machine.plan;
    const chosen = disks[position];
    if (chosen) return chosen;
    if (disks.length > 0) {
      throw new InvalidInputError(
        'disk',
        `no disk has index ${position}; the machine has ${disks.length === 1 ? 'only disk 0' : `disks 0 to ${disks.length - 1}`}`,
      );
    }
    throw new FaultUnavailableError(fault, 'the machine has no disk', {
      hint: "launch the machine with a disk, as in disks: ['1G']",
    });
  }
}

function latestOf<Settings>(active: readonly OfDisk<Settings>[], one: DiskPlan): Settings | undefined {
  return active.filter(({ disk: of }) => of === one).at(-1)?.settings;
}
