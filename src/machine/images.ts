import { homedir } from 'node:os';
import { type BuildMicroOptions, buildMicro } from '../images/micro.ts';
import {
  type ImageList,
  type KernelImage,
  listImages as listImagesIn,
  removeImage as removeImageFrom,
} from '../images/store.ts';
import { locate } from './locations.ts';
import { agentProgram } from './package-files.ts';

/**
 * Builds `micro` anew, see `BuildMicroOptions`; `launch` does it by itself where there is none.
 * @throws ImageBuildError, InvalidInputError, NoSpaceError, PermissionError, MissingProgramError, the signal's reason.
 */
export async function buildMicroImage(
  options: Omit<BuildMicroOptions, 'store' | 'agentPath'> = {},
): Promise<KernelImage> {
  return buildMicro({ ...options, store: imageStore(), agentPath: agentProgram() });
}

/** The images in the user's store. */
export async function listImages(): Promise<ImageList> {
  return listImagesIn(imageStore());
}

/** @throws ImageNotFoundError, or InvalidInputError for what cannot be a name. */
export async function removeImage(options: {
  readonly name: string;
  readonly signal?: AbortSignal;
}): Promise<void> {
  await removeImageFrom(imageStore(), options.name, options);
}

function imageStore(): string {
  return locate(process.env, homedir(), process.getuid?.() ?? 0).images;
}
