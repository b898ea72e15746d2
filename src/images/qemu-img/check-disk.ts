import * as z from 'zod';
import { InvalidInputError } from '../../errors/index.ts';
import { diskPath } from './disk-path.ts';
import type { ExistingDisk } from './qemu-img.ts';
import { readAnswer } from '../../process/probe/read-answer.ts';
import { qemuImg } from './qemu-img-command.ts';

const checkSchema = z.object({
  'check-errors': z.number(),
  corruptions: z.number().default(0),
  leaks: z.number().default(0),
  'corruptions-fixed': z.number().default(0),
  'leaks-fixed': z.number().default(0),
});

export interface CheckDiskOptions extends ExistingDisk {
  /** Which problems to repair; none by default. */
  readonly repair?: 'leaks' | 'all' | undefined;
}

/** Problems in an image's own tables. The file system inside is not checked. */
export interface DiskCheck {
  readonly corruptions: number;
  /** Clusters that are allocated but unused: wasted space, otherwise harmless. */
  readonly leaks: number;
  /** Errors during the check itself. */
  readonly errors: number;
  readonly corruptionsFixed: number;
  readonly leaksFixed: number;
}

/**
 * Checks an image's tables, and repairs them on request.
 * @throws InvalidInputError for a raw disk, which has no tables; ImageLockedError, NoSpaceError, PermissionError,
 *   CommandFailedError, MissingProgramError, or the signal's reason.
 */
export async function checkDisk(options: CheckDiskOptions): Promise<DiskCheck> {
  const path = diskPath(options.path, 'path');
  if (options.format === 'raw')
    throw new InvalidInputError('format', 'raw disks cannot be checked, because they have no metadata');
  const repair = options.repair === undefined ? [] : ['-r', options.repair];
  const result = await qemuImg(
    ['check', '--output=json', ...repair, '-f', options.format, path],
    path,
    // 2: corruptions, 3: leaks. 1 and 63 mean that the check itself failed.
    { signal: options.signal, acceptedExitCodes: [0, 2, 3] },
  );
  const check = readAnswer('qemu-img', result, (json) => checkSchema.parse(json));
  return {
    corruptions: check.corruptions,
    leaks: check.leaks,
    errors: check['check-errors'],
    corruptionsFixed: check['corruptions-fixed'],
    leaksFixed: check['leaks-fixed'],
  };
}
