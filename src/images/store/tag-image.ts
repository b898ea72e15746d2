import type { Waiting } from '../../process/lock/descriptor-lock.ts';
import { makeBuildDirectory } from './build-directory.ts';
import { checkGivenName } from './given-name.ts';
import type { Image } from '../record/image.ts';
import { withStoreLock } from './lock.ts';
import { nameImage } from './place-image.ts';
import { requireImage } from './store.ts';

/** Gives an image another name. @throws ImageNotFoundError, InvalidInputError for an invalid name. */
export async function tagImage(
  store: string,
  reference: string,
  name: string,
  waiting: Waiting,
): Promise<Image> {
  checkGivenName(name);
  await requireImage(store, reference);
  return withStoreLock(store, waiting, async (scope) => {
    const image = await requireImage(store, reference);
    await nameImage(store, name, image.digest, await makeBuildDirectory(store, scope));
    return image;
  });
}
