import { diskDeviceId } from '../../machine/qemu/block-node.ts';
import type { DiskPlan } from '../../machine/plan/plan.ts';
import type { QmpClient } from '../../qmp/index.ts';

/** Reads and writes together; undefined for no limit. */
export interface DiskRates {
  readonly bytesPerSecond: number | undefined;
  readonly requestsPerSecond: number | undefined;
}

/**
 * Sets or removes the limits of a disk's speed. The guest's device has QEMU's throttling built in, so no `throttle` filter
 * is needed.
 */
export async function limitDisk(
  qmp: QmpClient,
  { nodeName }: DiskPlan,
  rates: DiskRates | undefined,
): Promise<void> {
  await qmp.execute('block_set_io_throttle', {
    // The device that holds the disk, inside the one on the PCI bus.
    id: `/machine/peripheral/${diskDeviceId(nodeName)}/virtio-backend`,
    bps: rates?.bytesPerSecond ?? 0,
    bps_rd: 0,
    bps_wr: 0,
    iops: rates?.requestsPerSecond ?? 0,
    iops_rd: 0,
    iops_wr: 0,
  });
}
