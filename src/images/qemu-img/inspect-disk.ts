import { InvalidInputError } from '../../errors/index.ts';
import { type DiskInfo, readDiskInfo } from '../formats/disk-info.ts';
import { rebaseCommand } from '../header/backing-file.ts';
import { diskPath } from './disk-path.ts';
import type { ExistingDisk } from './qemu-img.ts';
import { readAnswer } from '../../process/probe/read-answer.ts';
import { qemuImg } from './qemu-img-command.ts';

/**
 * Reads only the header: the backing file may be missing, and a machine may be using the disk.
 * @throws PermissionError, CommandFailedError, ProgramAnswerError, MissingProgramError, InvalidInputError, or the
 *   signal's reason.
 */
export async function inspectDisk(disk: ExistingDisk): Promise<DiskInfo> {
  const path = diskPath(disk.path, 'path');
  const result = await qemuImg(['info', '--force-share', '--output=json', '-f', disk.format, path], path, {
    signal: disk.signal,
  });
  return readAnswer('qemu-img', result, (json) => readDiskInfo(path, disk.format, json));
}

/**
 * Inspects a disk and its backing files, the top first.
 * @throws InvalidInputError when a disk does not state the format of its backing file, or the chain has a cycle; what
 *   `inspectDisk` throws.
 */
export async function inspectChain(disk: ExistingDisk): Promise<readonly DiskInfo[]> {
  const chain: DiskInfo[] = [await inspectDisk(disk)];
  for (let top = chain[0]; top?.backingPath !== undefined; top = chain.at(-1)) {
    const { backingPath, backingFormat } = top;
    if (backingFormat !== 'qcow2' && backingFormat !== 'raw') {
      const isStated = backingFormat !== undefined;
      const problem = isStated
        ? `${top.path} has a backing file in an unsupported format, ${backingFormat}: ${backingPath}`
        : `${top.path} does not state the format of its backing file ${backingPath}`;
      const advice = isStated
        ? `convert the backing file to qcow2, then set the new file as its backing file: ${rebaseCommand(top, { format: 'qcow2' })}`
        : `set the format of the backing file in the image: ${rebaseCommand(top, { name: backingPath })}`;
      throw new InvalidInputError('path', problem, { hint: advice });
    }
    if (chain.some(({ path }) => path === backingPath)) {
      throw new InvalidInputError(
        'path',
        `${top.path} has a loop in its chain of backing files: ${backingPath} appears twice`,
        { hint: `set another backing file in the image: ${rebaseCommand(top, {})}` },
      );
    }
    chain.push(await inspectDisk({ path: backingPath, format: backingFormat, signal: disk.signal }));
  }
  return chain;
}
