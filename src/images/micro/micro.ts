import { join } from 'node:path';
import type { Logger } from 'pino';
import type { Scope } from '../../util/scope.ts';
import { readAgent } from '../record/agent-file.ts';
import { makeBuildDirectory } from '../store/build-directory.ts';
import { type KernelImage, imageDirectoryName, kernelImageOf } from '../record/image.ts';
import { withStoreLock } from '../store/lock.ts';
import type { KernelManifest } from '../record/manifest.ts';
import { assembleMicro } from './micro-assemble.ts';
import { type OwnFiles, checkOwnFiles, obtainInputs, packageSources, settleInputs } from './micro-inputs.ts';
import { MICRO } from '../record/reference.ts';
import { recipeSha256 } from './micro-recipe.ts';
import { nameImage, placeKernelImage } from '../store/place.ts';
import { removeSuperseded } from '../store/remove-image.ts';
import { sha256 } from '../digest/sha256.ts';
import { isComplete, listImages, readManifest } from '../store/store.ts';

/**
 * The phases of a build, in order. 'fetching' and 'assembling' are skipped if an identical image exists; 'done' always
 * comes last.
 */
export type BuildPhase =
  'waiting for another build' | 'looking for packages' | 'fetching' | 'assembling' | 'done';

/** Progress of a build of `micro`. */
export interface BuildProgress {
  readonly phase: BuildPhase;
  /** The finished part of the phase, 0..1. */
  readonly fraction: number;
}

export interface BuildMicroOptions extends OwnFiles {
  /** Directory of the image store; created if missing. */
  readonly store: string;
  /** Path of the guest agent's executable, which becomes the guest's init. */
  readonly agentPath: string;
  /** Called at the start of each phase, and repeatedly while fetching. */
  readonly onProgress?: ((progress: BuildProgress) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly log?: Logger | undefined;
}

/** Returns the `micro` image, and builds it first if necessary. Throws what `buildMicro` throws. */
export async function ensureMicro(options: Omit<BuildMicroOptions, keyof OwnFiles>): Promise<KernelImage> {
  return (await findMicro(options.store, options.agentPath)) ?? buildMicro(options);
}

/**
 * Finds the `micro` image that this vmlet built with this agent. Reads two files and starts no program.
 * @returns undefined when it has to be built.
 */
export async function findMicro(store: string, agentPath: string): Promise<KernelImage | undefined> {
  const manifest = await readManifest(join(store, MICRO));
  if (manifest?.kind !== 'kernel' || manifest.recipeSha256 !== recipeSha256()) return undefined;
  if (manifest.agentSha256 !== sha256(await readAgent(agentPath))) return undefined;
  const directory = join(store, imageDirectoryName(manifest.digest));
  return (await isComplete(directory, manifest)) ? kernelImageOf(directory, manifest) : undefined;
}

/**
 * Builds the `micro` image from the newest kernel and busybox of the host's distribution, or from the user's own
 * files, and names it. Requires no root. An identical earlier build is reused. On failure and on abort nothing
 * remains; concurrent builds wait for each other.
 * @throws ImageBuildError, InvalidInputError, NoSpaceError, PermissionError, MissingProgramError, the signal's reason.
 */
export async function buildMicro(options: BuildMicroOptions): Promise<KernelImage> {
  const { store, agentPath, signal } = options;
  signal?.throwIfAborted();
  await checkOwnFiles(options);
  const agent = await readAgent(agentPath);
  try {
    const onWait = (): void => options.onProgress?.({ phase: 'waiting for another build', fraction: 0 });
    return await withStoreLock(store, { signal, onWait }, async (scope) =>
      buildUnderLock(options, agent, scope),
    );
  } finally {
    options.onProgress?.({ phase: 'done', fraction: 1 });
  }
}

async function buildUnderLock(options: BuildMicroOptions, agent: Buffer, scope: Scope): Promise<KernelImage> {
  const { store, signal } = options;
  const agentSha256 = sha256(agent);
  options.onProgress?.({ phase: 'looking for packages', fraction: 0 });
  const inputs = await settleInputs(options, signal);
  const directory = await makeBuildDirectory(store, scope);
  if (inputs.packages !== undefined && options.kernel === undefined && options.busybox === undefined) {
    const existing = await findBuilt(store, JSON.stringify(packageSources(inputs)), agentSha256);
    if (existing !== undefined) {
      options.log?.info({ digest: existing.digest }, 'micro is up to date');
      await nameImage(store, MICRO, existing.digest, directory);
      return kernelImageOf(join(store, imageDirectoryName(existing.digest)), existing);
    }
  }
  options.onProgress?.({ phase: 'fetching', fraction: 0 });
  const files = await obtainInputs(inputs, {
    directory,
    onProgress: (fraction) => options.onProgress?.({ phase: 'fetching', fraction }),
    signal,
  });
  options.onProgress?.({ phase: 'assembling', fraction: 0 });
  const assembled = await assembleMicro(files, agent);
  signal?.throwIfAborted();
  const placed = await placeKernelImage(store, directory, {
    ...assembled,
    name: MICRO,
    sources: files.sources,
    agentSha256,
    recipeSha256: recipeSha256(),
  });
  await nameImage(store, MICRO, placed.digest, directory);
  const image = kernelImageOf(join(store, imageDirectoryName(placed.digest)), placed);
  options.log?.info({ digest: image.digest, sources: image.sources }, 'built image micro');
  await removeSuperseded(store, MICRO, 1, directory);
  return image;
}

/** Finds an image that this vmlet built from these packages with this agent. */
async function findBuilt(
  store: string,
  sources: string,
  agentSha256: string,
): Promise<KernelManifest | undefined> {
  for (const { digest } of (await listImages(store)).images) {
    const directory = join(store, imageDirectoryName(digest));
    const manifest = await readManifest(directory);
    if (manifest?.kind !== 'kernel' || manifest.name !== MICRO) continue;
    const same =
      manifest.agentSha256 === agentSha256 &&
      manifest.recipeSha256 === recipeSha256() &&
      JSON.stringify(manifest.sources) === sources;
    if (same && (await isComplete(directory, manifest))) return manifest;
  }
  return undefined;
}
