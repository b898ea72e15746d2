import { InvalidInputError } from '../../errors/index.ts';
import type { IsoFile } from './iso9660-file.ts';
import {
  type DirectoryRecord,
  FIRST_DESCRIPTOR_SECTOR,
  IsoDamage,
  SECTOR_SIZE,
  type VolumeDescriptor,
  parseDirectory,
  parseVolumeDescriptor,
} from './iso9660-format.ts';
import { rockRidgeStart } from './iso9660-rock-ridge.ts';

const MAX_DESCRIPTORS = 64;

/** The kind of names to use: the most precise one that the medium has. */
export type IsoNames =
  | { readonly kind: 'rock-ridge'; readonly skip: number }
  | { readonly kind: 'joliet' }
  | { readonly kind: 'plain' };

/** The volume descriptors of a medium. */
export interface IsoVolume {
  /** Without trailing blanks. */
  readonly label: string;
  /** The descriptor of the directories with those names. */
  readonly descriptor: VolumeDescriptor;
  readonly names: IsoNames;
}

/** Reads the volume descriptors. @throws IsoDamage; InvalidInputError for a file that is not an ISO 9660 image. */
export async function readVolume(file: IsoFile): Promise<IsoVolume> {
  const { primary, joliet } = await readDescriptors(file);
  const { label } = primary;
  const root = await file.readDirectory(primary.root, '/');
  const itself = parseDirectory(root, primary.blockSize).next().value as DirectoryRecord | undefined;
  if (itself === undefined) throw new IsoDamage('its root directory is empty');
  const skip = rockRidgeStart(itself);
  if (skip !== undefined) return { label, descriptor: primary, names: { kind: 'rock-ridge', skip } };
  if (joliet !== undefined) return { label, descriptor: joliet, names: { kind: 'joliet' } };
  return { label, descriptor: primary, names: { kind: 'plain' } };
}

async function readDescriptors(
  file: IsoFile,
): Promise<{ primary: VolumeDescriptor; joliet: VolumeDescriptor | undefined }> {
  let primary: VolumeDescriptor | undefined;
  let joliet: VolumeDescriptor | undefined;
  for (let sector = FIRST_DESCRIPTOR_SECTOR; sector < FIRST_DESCRIPTOR_SECTOR + MAX_DESCRIPTORS; sector++) {
    const extent = { offset: sector * SECTOR_SIZE, length: SECTOR_SIZE };
    if (extent.offset + extent.length > file.size) break;
    const descriptor = parseVolumeDescriptor(await file.read(extent));
    if (descriptor === undefined || descriptor === 'end') break;
    if (descriptor === 'other') continue;
    if (descriptor.kind === 'joliet') joliet ??= descriptor;
    else primary ??= descriptor;
  }
  if (primary === undefined) {
    throw new InvalidInputError('location', `${file.path} is not an ISO 9660 image`, {
      hint: 'give the .iso file of an installer; if this is the right file, download it again',
    });
  }
  return { primary, joliet };
}
