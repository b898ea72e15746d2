import { diskDeviceId } from '../../machine/qemu/block-node.ts';
import type { DiskPlan } from '../../machine/plan/plan.ts';
import type { QmpClient } from '../../qmp/index.ts';

/** Reads and writes together; undefined for no limit. */
export interface DiskRates {
  readonly bytesPerSecond: number | undefined;
  readonly requestsPerSecond: number | undefined;
}

/**
 * Limits how much of a disk its guest gets, or limits it no more. A guest's device has QEMU's throttling in it, so that
 * no `throttle` filter is needed.
 */
export async function limitDisk(
  qmp: QmpClient,
  { nodeName }: DiskPlan,
  rates: DiskRates | undefined,
): Promise<void> {
  await qmp.execute('block_set_io_throttle', {
    // The device that holds the disk, which is inside of the one on the PCI bus.
    id: `/machine/peripheral/${diskDeviceId(nodeName)}/virtio-backend`,
    bps: rates?.bytesPerSecond ?? 0,
    bps_rd: 0,
    bps_wr: 0,
    iops: rates?.requestsPerSecond ?? 0,
    iops_rd: 0,
    iops_wr: 0,
  });
}
