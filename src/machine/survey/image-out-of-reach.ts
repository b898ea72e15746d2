import { DownloadError, type DownloadFailure, ImageNotFoundError } from '../../errors/index.ts';
import { findImage, listImages } from '../../images/store/store.ts';
import { editDistance } from '../../util/options/nearest.ts';
import { placesOf, type Locations } from '../paths/locations.ts';

/** Failures before any contact with the publisher. */
const OUT_OF_REACH: ReadonlySet<DownloadFailure> = new Set(['name', 'refused', 'unreachable', 'proxy']);
/** Maximum number of typing errors for a suggestion. */
const NEAR = 2;

/** Adds alternatives to the error when an image is not available. */
export async function explainMissingImage(
  error: unknown,
  name: string,
  locations: Locations,
): Promise<unknown> {
  if (error instanceof ImageNotFoundError) {
    if ((await findImage(locations.images, name)) !== undefined) {
      const hint = `${name} is a local image and in no catalogue: leave out --pull always`;
      return new ImageNotFoundError(name, { hint, cause: error });
    }
    const here = await namesLike(name, locations);
    if (here.length === 0) return error;
    const hint = `did you mean ${here.join(', ')}? to list the local images, run: vmlet image ls`;
    return new ImageNotFoundError(name, { hint, cause: error });
  }
  if (!(error instanceof DownloadError) || !OUT_OF_REACH.has(error.reason)) return error;
  const { userCatalogue } = placesOf(locations);
  return new DownloadError(error.url, error.reason, `${name} cannot be pulled: ${error.message}`, {
    hint:
      `${error.hint === undefined ? '' : `${error.hint}; `}if this host cannot reach the image server, import a disk (vmlet image import FILE ${name}), ` +
      `add a mirror to ${userCatalogue}, or build an image from packages (vmlet image build --help)`,
    cause: error,
  });
}

async function namesLike(name: string, locations: Locations): Promise<string[]> {
  const { images } = await listImages(locations.images);
  return images.flatMap(({ names }) => names.filter((other) => editDistance(name, other) <= NEAR)).sort();
}
