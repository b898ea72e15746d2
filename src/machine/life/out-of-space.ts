import * as z from 'zod';

/**
 * A machine stands still because the host has no space left for what its guest writes. QEMU keeps the requests and tries
 * them again when the machine goes on, so that nothing is lost. Other errors of a disk are the guest's: it is told.
 */
export interface OutOfSpace {
  /** The disk's name, such as `disk0`. */
  readonly disk: string;
}

/** QEMU's BLOCK_IO_ERROR, as far as it is of use here. `device` is that of QEMUs that know no node-name. */
const diskError = z.looseObject({
  action: z.string(),
  nospace: z.boolean().optional(),
  'node-name': z.string().optional(),
  device: z.string().optional(),
});

/** @returns undefined for an error for which the machine does not stand still. */
export function outOfSpaceOf(data: unknown): OutOfSpace | undefined {
  const error = diskError.safeParse(data).data;
  if (error?.action !== 'stop' || error.nospace !== true) return undefined;
  return { disk: error['node-name'] ?? error.device ?? 'a disk' };
}

/** For a person, without a full stop. */
export function describeOutOfSpace({ disk }: OutOfSpace): string {
  return `no space left on the host for ${disk}`;
}
