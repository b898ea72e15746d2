import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { InvalidInputError } from '../../errors/index.ts';
import { addImage } from '../../images/store/add-image.ts';
import { buildDistributionDisk, buildInputsDigest } from '../../images/build/distribution-disk.ts';
import type { DistributionRecipe } from '../../images/build/recipe.ts';
import { makeBuildDirectory } from '../../images/store/build-directory.ts';
import { parseDiskSize } from '../../images/qemu-img/disk-size.ts';
import { checkGivenName } from '../../images/store/given-name.ts';
import { tellWait } from '../../images/pull/image-progress.ts';
import { parseImageReference } from '../../images/record/reference.ts';
import { fileSha256 } from '../../images/digest/sha256.ts';
import { storeError } from '../../images/store/store-error.ts';
import { Scope } from '../../util/scope.ts';
import { makeDirectories } from '../../util/files/make-directories.ts';
import { reuseBuilt } from './build-image-cache.ts';
import type { BuildImageOptions, BuiltImage } from './build-image-options.ts';
import { agentProgram } from '../paths/package-files.ts';

/**
 * Builds an image from a distribution's packages and names it.
 * @param store directory of the image store; created if missing.
 * @throws the errors of `ImageStore.build`.
 */
export async function buildImage(options: BuildImageOptions, store: string): Promise<BuiltImage> {
  const { name, signal } = options;
  signal?.throwIfAborted();
  const recipe = recipeOf(options);
  const inputs = await buildInputsDigest(recipe);
  checkGivenName(name);
  try {
    const waiting = { signal, onWait: tellWait(name, options.onProgress) };
    const cached = options.cache === false ? undefined : await reuseBuilt(store, inputs, name, waiting);
    if (cached) options.onProgress?.({ image: name, phase: 'unchanged', fraction: 1 });
    return cached ? { image: cached, cached: true } : await buildNew(recipe, inputs, options, store);
  } catch (error) {
    throw storeError(error, store);
  } finally {
    options.onProgress?.({ image: name, phase: 'done', fraction: 1 });
  }
}

function recipeOf({ distribution, include, run, size, mirror, key }: BuildImageOptions): DistributionRecipe {
  const reference = parseImageReference(distribution, 'distribution');
  if (reference.tag === undefined) {
    throw new InvalidInputError('distribution', `missing release in ${JSON.stringify(distribution)}`, {
      hint: 'add the release, as in debian:13 or fedora:45',
    });
  }
  return {
    distribution: reference.name,
    release: reference.tag,
    include: include ?? [],
    run: run ?? [],
    agent: agentProgram(),
    sizeBytes: typeof size === 'string' ? parseDiskSize(size, 'size') : size,
    mirror,
    key,
  };
}

async function buildNew(
  recipe: DistributionRecipe,
  inputs: string,
  { name, signal, onProgress, onOutput }: BuildImageOptions,
  store: string,
): Promise<BuiltImage> {
  if (/[:@]/.test(store)) {
    throw new InvalidInputError(
      'XDG_DATA_HOME',
      `the path ${store} contains ":" or "@", which the programs that build images do not support`,
      {
        hint: 'set XDG_DATA_HOME to another path for this build; with this setting, vmlet finds the new image, but not your existing images and machines',
      },
    );
  }
  await using scope = new Scope();
  makeDirectories(store);
  const buildDirectory = await makeBuildDirectory(store, scope);
  const path = join(buildDirectory, 'disk.qcow2');
  const scripts = recipe.run.map((script) => ('path' in script ? script.path : script.name)).values();
  const disk = await buildDistributionDisk({
    ...recipe,
    to: path,
    work: buildDirectory,
    onProgress: (phase) => {
      const script = phase === 'running scripts' ? scripts.next().value : undefined;
      onProgress?.({ image: name, phase, fraction: 0, ...(script !== undefined && { script }) });
    },
    onOutput,
    signal,
  });
  onProgress?.({ image: name, phase: 'checking', fraction: 0 });
  const image = await addImage(await finishedFile(path, signal), {
    store,
    buildDirectory,
    names: [name],
    format: 'qcow2',
    guest: disk.guest,
    sources: disk.packages,
    origin: { kind: 'built', recipe: `${recipe.distribution}:${recipe.release}`, inputs },
    signal,
    onWait: tellWait(name, onProgress),
  });
  return { image, cached: false };
}

/** Flushes a file that a program has written, so that no image name points to data lost in a power cut. */
export async function finishedFile(
  path: string,
  signal: AbortSignal | undefined,
): Promise<{ readonly path: string; readonly bytes: number; readonly sha256: string }> {
  const file = await open(path);
  try {
    await file.sync();
    const { size: bytes } = await file.stat();
    return { path, bytes, sha256: await fileSha256(path, signal) };
  } finally {
    await file.close();
  }
}
