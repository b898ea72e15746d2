import { join } from 'node:path';
import { InvalidInputError } from '../../errors/index.ts';
import { INSTALL_LAYOUTS, type InstallLayout, appendFor } from './install-layouts.ts';
import { type InstallTree, openInstallTree } from './install-tree.ts';
import { parseTreeInfo } from './treeinfo.ts';

const MAX_TREEINFO_BYTES = 64 * 1024;
/** Far more than a kernel or initrd needs; larger files of a hostile medium could fill the disk. */
const MAX_BOOT_FILE_BYTES = 2 * 1024 ** 3;

export interface InstallMedia {
  /** Name to show, such as "Debian" or "Fedora 41". */
  readonly distribution: string;
  readonly kernel: string;
  readonly initrd: string;
  /** Kernel parameters by which the installer finds its medium. */
  readonly append: readonly string[];
}

/**
 * Finds the installer on a medium. `kernel` and `initrd` of the result are paths on the medium.
 * @param location an ISO 9660 image, or a directory with the contents of one.
 * @throws InvalidInputError when no known installer is found, or the medium is damaged or cannot be read.
 */
export async function findInstallMedia(location: string): Promise<InstallMedia> {
  await using tree = await openInstallTree(location);
  return await findIn(tree, location);
}

/**
 * Copies an installer's kernel and initrd to the files `kernel` and `initrd` of a directory, each one atomically.
 * `kernel` and `initrd` of the result are the paths of the copies.
 * @throws what findInstallMedia throws; NoSpaceError; the signal's reason when it aborts.
 */
export async function extractInstallMedia(
  location: string,
  targetDirectory: string,
  signal?: AbortSignal,
): Promise<InstallMedia> {
  signal?.throwIfAborted();
  await using tree = await openInstallTree(location);
  const media = await findIn(tree, location);
  const [kernel, initrd] = [join(targetDirectory, 'kernel'), join(targetDirectory, 'initrd')];
  await tree.copy(media.kernel, kernel, signal);
  await tree.copy(media.initrd, initrd, signal);
  return { ...media, kernel, initrd };
}

async function findIn(tree: InstallTree, location: string): Promise<InstallMedia> {
  const treeInfo = parseTreeInfo((await tree.read('/.treeinfo', MAX_TREEINFO_BYTES)) ?? '');
  if (treeInfo.layout === undefined && treeInfo.architectures.length > 0) {
    const architectures = treeInfo.architectures.join(', ').replace(/[^\x20-\x7e]/g, '');
    throw new InvalidInputError(
      'location',
      `${location} is for ${architectures.slice(0, 80)}, expected x86_64`,
    );
  }
  for (const layout of [treeInfo.layout, ...INSTALL_LAYOUTS]) {
    if (layout === undefined || !(await isThere(tree, layout))) continue;
    await checkBootFile(tree, layout.kernel, location);
    await checkBootFile(tree, layout.initrd, location);
    const { distribution, kernel, initrd } = layout;
    return { distribution, kernel, initrd, append: appendFor(layout.append, tree.label) };
  }
  const kernels = new Set(INSTALL_LAYOUTS.map(({ kernel }) => kernel));
  throw new InvalidInputError(
    'location',
    `no known installer in ${location}: expected a .treeinfo file that names a kernel and an initrd, or one of these kernels with its initrd: ${[...kernels].join(', ')}`,
    {
      hint: 'boot the .iso file itself: --iso FILE; or give the kernel and the initrd of the installer: --kernel KERNEL --initrd INITRD',
    },
  );
}

async function isThere(tree: InstallTree, { kernel, initrd, marker }: InstallLayout): Promise<boolean> {
  for (const path of [kernel, initrd, marker]) {
    if (path !== undefined && (await tree.size(path)) === undefined) return false;
  }
  return true;
}

async function checkBootFile(tree: InstallTree, path: string, location: string): Promise<void> {
  const size = (await tree.size(path)) ?? 0;
  if (size > 0 && size <= MAX_BOOT_FILE_BYTES) return;
  throw new InvalidInputError(
    'location',
    size === 0
      ? `${path} in ${location} is empty`
      : `${path} in ${location} is too large: ${size} bytes (vmlet copies at most ${MAX_BOOT_FILE_BYTES})`,
    { hint: 'download or copy the medium again, and compare its checksum with the published one' },
  );
}
