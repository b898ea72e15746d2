import { join } from 'node:path';
import type { Logger } from 'pino';
import { isSystemError } from '../../errors/index.ts';
import type { Scope } from '../../util/scope.ts';
import { digestOfAgent, readAgent } from '../record/agent-file.ts';
import { makeBuildDirectory } from '../store/build-directory.ts';
import { type KernelImage, imageDirectoryName, kernelImageOf } from '../record/image.ts';
import { withStoreLock } from '../store/lock.ts';
import type { KernelManifest } from '../record/manifest.ts';
import {
  type OwnFiles,
  checkOwnFiles,
  isOwnFile,
  obtainInputs,
  packageSources,
  settleInputs,
} from './micro-inputs.ts';
import { MICRO } from '../record/reference.ts';
import { recipeSha256 } from './micro-recipe.ts';
import { nameImage, placeKernelImage } from '../store/place-image.ts';
import { type ReadUsers, removeSuperseded } from '../store/remove-image.ts';
import { sha256 } from '../digest/sha256.ts';
import { isComplete, listImages, readManifest } from '../store/store.ts';

/**
 * Number of earlier images that a build leaves. They are those of other installations of vmlet, as in several projects of a
 * user, each of which uses its own (findMicro); and a launch may be opening the newest.
 */
const EARLIER_BUILDS = 3;

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
  /** Whether an identical earlier build is reused; true by default. */
  readonly cache?: boolean | undefined;
  /** Reads which images are in use. A build removes earlier ones that are not; none by default. */
  readonly readUsers?: ReadUsers | undefined;
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
 * Finds the `micro` image that this vmlet built with this agent: the one with the name, of which two files are read. When
 * another installation of vmlet has taken the name for an image with its own agent, it is the newest earlier one, but none
 * with files that the user gave a build: a later build without them may have had the name after it.
 * @returns undefined when it has to be built.
 */
export async function findMicro(store: string, agentPath: string): Promise<KernelImage | undefined> {
  const named = await readManifest(join(store, MICRO));
  if (named?.kind !== 'kernel') return undefined;
  const agentSha256 = await digestOfAgent(agentPath);
  const manifest = isOwn(named, agentSha256) ? named : await findBuilt(store, agentSha256);
  if (manifest === undefined) return undefined;
  const directory = join(store, imageDirectoryName(manifest.digest));
  return (await isComplete(directory, manifest)) ? kernelImageOf(directory, manifest) : undefined;
}

/**
 * Builds the `micro` image from the newest kernel and busybox of the host's distribution, or from the user's own
 * files, and names it. Requires no root. An identical earlier build is reused, unless disabled. On failure and on abort
 * nothing remains; concurrent builds wait for each other.
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
  const isOfPackages =
    inputs.packages !== undefined && options.kernel === undefined && options.busybox === undefined;
  if (isOfPackages && options.cache !== false) {
    const existing = await findBuilt(store, agentSha256, JSON.stringify(packageSources(inputs)));
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
  // Loaded on demand: nearly every launch finds an image.
  const { assembleMicro } = await import('./micro-assemble.ts');
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
  if (options.readUsers) {
    const removal = removeSuperseded(store, MICRO, EARLIER_BUILDS, directory, options.readUsers);
    // Its users may be unknown, as where another user's template is in the way. The image is there.
    await removal.catch((error: unknown) => {
      if (!isSystemError(error)) throw error;
      options.log?.warn({ error }, 'no superseded image was removed');
    });
  }
  return image;
}

/**
 * Finds the newest `micro` that this vmlet built with this agent of packages alone.
 * @param sources the required packages; any by default.
 */
async function findBuilt(
  store: string,
  agentSha256: string,
  sources?: string,
): Promise<KernelManifest | undefined> {
  // Incomplete images are not listed.
  for (const { digest } of (await listImages(store)).images) {
    const manifest = await readManifest(join(store, imageDirectoryName(digest)));
    if (manifest?.kind !== 'kernel' || manifest.name !== MICRO || !isOwn(manifest, agentSha256)) continue;
    if (manifest.sources.some(isOwnFile)) continue;
    if (sources === undefined || JSON.stringify(manifest.sources) === sources) return manifest;
  }
  return undefined;
}

/** Whether this vmlet built an image with this agent. */
function isOwn(manifest: KernelManifest, agentSha256: string): boolean {
  return manifest.agentSha256 === agentSha256 && manifest.recipeSha256 === recipeSha256();
}
