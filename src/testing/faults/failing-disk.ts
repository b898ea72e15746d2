import { diskDeviceId } from '../../machine/qemu/block-node.ts';
import type { DiskPlan } from '../../machine/plan/plan.ts';
import type { QmpClient } from '../../qmp/index.ts';

export const DISK_REQUESTS = ['read', 'write', 'flush', 'discard'] as const;

/** Kinds of disk requests of a guest. */
export type DiskRequest = (typeof DISK_REQUESTS)[number];

/** The requests that fail. */
export interface DiskErrors {
  readonly on: readonly DiskRequest[];
  /** Sector of 512 bytes; undefined for all. */
  readonly sector: number | undefined;
}

/** QEMU's names; guest programs do not know about write-zeroes. */
const IO_TYPES = {
  read: ['read'],
  write: ['write', 'write-zeroes'],
  flush: ['flush'],
  discard: ['discard'],
} as const;

/** A guest gets no error number, only a failure; ENOSPC would be different: QEMU pauses the guest. */
const EIO = 5;

/**
 * Makes requests of a disk fail while its guest runs. QEMU's blkdebug filter is inserted between the disk and the guest's
 * device with the device's `drive` property, which may be set at any time. Inserted below the disk with
 * `blockdev-reopen`, it would see clusters of a qcow2 instead of the guest's sectors, and fail QEMU's own metadata too.
 */
export class FailingDisk {
  readonly #qmp: QmpClient;
  readonly #disk: DiskPlan;
  #errors: DiskErrors | undefined;
  #filter: string | undefined;
  #count = 0;

  constructor(qmp: QmpClient, disk: DiskPlan) {
    this.#qmp = qmp;
    this.#disk = disk;
  }

  /** @param errors the requests that fail from now on; undefined for none. */
  async set(errors: DiskErrors | undefined): Promise<void> {
    if (errors === this.#errors) return;
    const next = errors && (await this.#addFilter(errors));
    const former = this.#filter;
    try {
      await this.#qmp.execute('qom-set', {
        path: `/machine/peripheral/${diskDeviceId(this.#disk.nodeName)}`,
        property: 'drive',
        value: next ?? this.#disk.nodeName,
      });
    } catch (error) {
      if (next !== undefined) await this.#qmp.execute('blockdev-del', { 'node-name': next });
      throw error;
    }
    this.#filter = next;
    this.#errors = errors;
    if (former !== undefined) await this.#qmp.execute('blockdev-del', { 'node-name': former });
  }

  async #addFilter({ on, sector }: DiskErrors): Promise<string> {
    const name = `${this.#disk.nodeName}-errors-${++this.#count}`;
    await this.#qmp.execute('blockdev-add', {
      driver: 'blkdebug',
      'node-name': name,
      image: this.#disk.nodeName,
      'read-only': this.#disk.readOnly,
      'inject-error': on
        .flatMap((request) => IO_TYPES[request])
        .map((iotype) => ({ event: 'none', iotype, errno: EIO, ...(sector !== undefined && { sector }) })),
    });
    return name;
  }
}
