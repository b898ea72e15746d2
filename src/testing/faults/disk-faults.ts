import * as z from 'zod';
import { FaultUnavailableError, InvalidInputError } from '../../errors/index.ts';
import type { Machine } from '../../machine/running/machine.ts';
import type { DiskPlan } from '../../machine/plan/plan.ts';
import { ActiveFaults } from './active-faults.ts';
import { fillDisk } from './disk-full.ts';
import { DISK_REQUESTS, type DiskErrors, type DiskRequest, FailingDisk } from './failing-disk.ts';
import type { Fault } from './fault.ts';
import { parseOptions } from '../../util/options.ts';
import { type DiskRates, limitDisk } from './slow-disk.ts';

export interface DiskOptions {
  /** The position of one of the machine's disks: 0, which is the guest's /dev/vda, by default. */
  readonly disk?: number | undefined;
}

export interface FailOptions extends DiskOptions {
  /** What fails; everything by default. */
  readonly on?: readonly DiskRequest[] | undefined;
  /** Only requests fail that touch this sector of 512 bytes, as the guest counts them; all by default. */
  readonly sector?: number | undefined;
}

/** At least one of the two rates. */
export interface SlowOptions extends DiskOptions {
  /** Of reads and writes together, 1 at least. */
  readonly bytesPerSecond?: number | undefined;
  /** Reads and writes together, 1 at least. */
  readonly requestsPerSecond?: number | undefined;
}

export interface FillOptions {
  /** A folder of the guest; its file system is filled. `/` by default. */
  readonly path?: string | undefined;
  /** Bytes that root can still write, give or take a few blocks; others may have less. 0 by default. */
  readonly freeBytes?: number | undefined;
}

const disk = z.int('expected the position of a disk, from 0').min(0).default(0);
const rate = z.int('expected a whole number').min(1).optional();
const failSchema = z.strictObject({
  disk,
  on: z
    .array(z.enum(DISK_REQUESTS))
    .min(1)
    .default([...DISK_REQUESTS]),
  sector: z.int('expected the number of a sector').min(0).optional(),
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

/** Faults of a machine's disks. Of two of a kind on one disk the later one counts. */
export class DiskFaults {
  readonly #machine: Machine;
  readonly #failing = new Map<DiskPlan, FailingDisk>();
  readonly #failures = new ActiveFaults<OfDisk<DiskErrors>>(async (active) => this.#setErrors(active));
  readonly #limits = new ActiveFaults<OfDisk<DiskRates>>(async (active) => this.#setLimits(active));

  constructor(machine: Machine) {
    this.#machine = machine;
  }

  /**
   * Lets requests fail, which the guest's programs see as EIO. What the guest has in its caches it does not ask for: it
   * reads without an error, and writes without one until it flushes (fsync).
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
   * Limits how fast the disk is. What the guest has in its caches is as fast as ever.
   * @throws FaultUnavailableError for a machine without a disk, InvalidInputError.
   */
  async slow(options: SlowOptions): Promise<Fault> {
    const { disk: position, bytesPerSecond, requestsPerSecond } = parseOptions(slowSchema, options);
    if (bytesPerSecond === undefined && requestsPerSecond === undefined) {
      throw new InvalidInputError(
        'bytesPerSecond',
        'is missing, and so is requestsPerSecond; give one of them',
      );
    }
    return this.#limits.begin({
      disk: this.#choose('disk.slow', position),
      settings: { bytesPerSecond, requestsPerSecond },
    });
  }

  /**
   * Fills a file system of the guest up, whatever it lies on: programs see ENOSPC. It is done in the guest.
   * @throws InvalidInputError, FaultUnavailableError for a guest without the programs for it.
   */
  async fill(options: FillOptions = {}): Promise<Fault> {
    const { path, freeBytes } = parseOptions(fillSchema, options);
    return fillDisk(this.#machine, path, freeBytes);
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
      throw new InvalidInputError('disk', `${position}: the machine has ${disks.length}, counted from 0`);
    }
    throw new FaultUnavailableError(fault, 'the machine has no disk', {
      hint: "launch it with one, as in disks: ['1G']",
    });
  }
}

function latestOf<Settings>(active: readonly OfDisk<Settings>[], one: DiskPlan): Settings | undefined {
  return active.filter(({ disk: of }) => of === one).at(-1)?.settings;
}
