import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { run } from '../../../process/run.ts';
import { plainEnvironment } from '../../../util/system/plain-environment.ts';
import type { BootLoaders } from './installed-system.ts';
import { type Partition, SECTOR_BYTES } from './partition-table.ts';

/**
 * Writes the EFI system partition. shim, signed by Microsoft, starts the distribution's GRUB, which reads its
 * configuration from its vendor's directory.
 * @param work a directory for temporary files.
 */
export async function writeEfiPartition(
  disk: string,
  { firstSector, sectors }: Partition,
  bootLoaders: BootLoaders,
  work: string,
  signal: AbortSignal | undefined,
): Promise<void> {
  const how = { environment: plainEnvironment(), signal };
  // mtools separates an offset from the file's name by @@.
  const image = `${disk}@@${firstSector * SECTOR_BYTES}`;
  const tree = join(work, 'efi');
  for (const [path, content] of [
    ['BOOT/BOOTX64.EFI', bootLoaders.shim],
    ['BOOT/grubx64.efi', bootLoaders.grub],
    [`${bootLoaders.vendor}/grub.cfg`, bootLoaders.findRoot],
  ] as const) {
    await mkdir(join(tree, 'EFI', path, '..'), { recursive: true });
    await writeFile(join(tree, 'EFI', path), content);
  }
  await run(['mformat', '-i', image, '-T', String(sectors), '-h', '64', '-s', '32', '-v', 'EFI', '::'], how);
  await run(['mcopy', '-i', image, '-s', join(tree, 'EFI'), '::/'], how);
}
