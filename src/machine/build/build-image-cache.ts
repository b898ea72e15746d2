import { ImageNotFoundError } from '../../errors/index.ts';
import type { DiskImage } from '../../images/record/image.ts';
import { listImages } from '../../images/store/store.ts';
import { tagImage } from '../../images/store/tag-image.ts';
import type { Waiting } from '../../process/lock/descriptor-lock.ts';

/**
 * Finds the newest image built from the inputs with this digest, and adds the name to it.
 * @param name undefined to leave its names unchanged.
 */
export async function reuseBuilt(
  store: string,
  inputs: string,
  name: string | undefined,
  waiting: Waiting,
): Promise<DiskImage | undefined> {
  const { images } = await listImages(store);
  for (const image of images) {
    const isBuilt = image.kind === 'disk' && (image.origin.kind === 'built' || image.origin.kind === 'layer');
    if (!isBuilt || image.origin.inputs !== inputs) continue;
    if (name === undefined || image.names.includes(name)) return image;
    try {
      await tagImage(store, `sha256:${image.digest}`, name, waiting);
      return image;
    } catch (error) {
      // Another process has just removed it.
      if (!(error instanceof ImageNotFoundError)) throw error;
    }
  }
  return undefined;
}
