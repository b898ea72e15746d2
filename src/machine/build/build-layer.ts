import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Logger } from 'pino';
import { ImageNotFoundError, InvalidInputError } from '../../errors/index.ts';
import type { BuildScript } from '../../images/build/recipe.ts';
import { makeBuildDirectory } from '../../images/store/build-directory.ts';
import { checkGivenName } from '../../images/store/given-name.ts';
import {
  type DiskImage,
  type DiskLayer,
  diskImageOf,
  imageDirectoryName,
} from '../../images/record/image.ts';
import { type ImageProgress, tellWait } from '../../images/pull/image-progress.ts';
import { withStoreLock } from '../../images/store/lock.ts';
import { HOST, MICRO } from '../../images/record/reference.ts';
import { nameImage, placeDiskImage } from '../../images/store/place-image.ts';
import { convertDisk } from '../../images/qemu-img/qemu-img.ts';
import { findImage as findStored } from '../../images/store/store.ts';
import { storeError } from '../../images/store/store-error.ts';
import { Scope } from '../../util/scope.ts';
import { makeDirectories } from '../../util/files/make-directories.ts';
import { backingChain } from '../qemu/block-node.ts';
import { findImage } from '../survey/boot-source.ts';
import { reuseBuilt } from './build-image-cache.ts';
import type { BuiltImage, ImageBuildOptions } from './build-image-options.ts';
import { finishedFile } from './build-image.ts';
import { changeInGuest } from './build-layer-guest.ts';
import { type LayerStep, layerSteps, stepInputs } from './build-layer-steps.ts';
import type { Locations } from '../paths/locations.ts';
import type { LaunchOptions } from '../spec/launch-options.ts';
import type { PullPolicy } from '../spec/machine-options.ts';
import { type Spec, parseSpec } from '../spec/spec.ts';

/** Options for building an image from another one, changed by scripts in a machine that booted it. */
export interface BuildLayerOptions extends ImageBuildOptions {
  /** Base image: a name, or the beginning of a digest. An image of the catalogue is pulled if needed. */
  readonly from: string;
  /** Packages of the image's distribution, installed with its own package manager before any script runs. */
  readonly include?: readonly string[] | undefined;
  /**
   * Scripts that root runs in the booted guest, with network access, in /root, in order. Each script gets its
   * own machine, and the disk it leaves becomes an image of its own: when only the last script has changed,
   * the others are not run again, and no script depends on the memory of another.
   */
  readonly run?: readonly BuildScript[] | undefined;
  /** Environment variables for the scripts. */
  readonly env?: Readonly<Record<string, string>> | undefined;
  /** Virtual size of the disk, as in `20G`; must be at least that of `from`. */
  readonly size?: number | string | undefined;
  /** Memory of the machines that run the scripts, as for a launch. */
  readonly memory?: LaunchOptions['memory'] | undefined;
  readonly cpus?: number | undefined;
  /** Milliseconds until each of these machines must be ready, as for a launch. */
  readonly timeoutMs?: number | undefined;
  /** Pull policy, as for a launch; `missing` by default. */
  readonly pull?: PullPolicy | undefined;
  readonly log?: Logger | undefined;
}

/** The limit of the image store. */
const MOST_LAYERS = 64;

/**
 * Builds an image by running scripts in machines that boot another image, and names it.
 * @throws the errors of `ImageStore.buildLayer`.
 */
export async function buildLayers(options: BuildLayerOptions, locations: Locations): Promise<BuiltImage> {
  const { name, signal, onProgress } = options;
  signal?.throwIfAborted();
  const { include = [], run = [], env: environment = {} } = options;
  const spec = checkMachine(options);
  const steps = await layerSteps({ include, run, environment, sizeBytes: spec.diskBytes });
  checkGivenName(name);
  const base = await findBase(options, locations);
  const count = 1 + backingChain(base).length + steps.length;
  if (count > MOST_LAYERS) {
    throw new InvalidInputError(
      'from',
      `the new image would have ${count} layers (limit: ${MOST_LAYERS}); ${steps.length} of them are new`,
      {
        hint: 'combine several scripts into one, because each script adds a layer; or use a base image with fewer layers',
      },
    );
  }
  try {
    let built: BuiltImage = { image: base, cached: true };
    for (const [index, step] of steps.entries()) {
      const isLast = index === steps.length - 1;
      const { image, cached } = await buildLayer(built.image, step, isLast, options, locations);
      built = { image, cached: built.cached && cached };
    }
    return built;
  } catch (error) {
    throw storeError(error, locations.images);
  } finally {
    onProgress?.({ image: name, phase: 'done', fraction: 1 });
  }
}

/** Checks the machine options before an image is pulled. */
function checkMachine({ from, pull, size, memory, cpus, timeoutMs }: BuildLayerOptions): Spec {
  if (from.includes('/')) {
    throw new InvalidInputError('from', `${from} is a path; expected the name of an image`, {
      hint: 'give a name without a slash, such as debian:13; to use a disk file, import it first: vmlet image import FILE NAME',
    });
  }
  if (from === MICRO || from === HOST) throw noDisk(from);
  return parseSpec({
    image: from,
    ...(pull !== undefined && { pull }),
    ...(size !== undefined && { diskSize: size }),
    ...(memory !== undefined && { memory }),
    ...(cpus !== undefined && { cpus }),
    ...(timeoutMs !== undefined && { timeoutMs }),
  });
}

async function findBase(
  { from, pull = 'missing', signal, onProgress }: BuildLayerOptions,
  locations: Locations,
): Promise<DiskImage> {
  const image = await findImage(from, { locations, signal, onProgress, pull });
  if (image.kind === 'kernel') throw noDisk(from);
  const { agent, provisioner } = image.guest;
  if (agent || provisioner === 'cloud-init' || provisioner === 'tiny-cloud') return image;
  throw new InvalidInputError(
    'from',
    `${from} has neither the vmlet agent nor cloud-init, so scripts cannot run in it`,
    {
      hint: 'use a Linux image with cloud-init, such as debian:13',
    },
  );
}

function noDisk(from: string): InvalidInputError {
  return new InvalidInputError('from', `${from} is an image without a disk`, {
    hint: 'use an image with a disk, such as debian:13',
  });
}

/** Returns the image of one step: an existing one, or a new one. */
async function buildLayer(
  base: DiskImage,
  step: LayerStep,
  isLast: boolean,
  options: BuildLayerOptions,
  locations: Locations,
): Promise<BuiltImage> {
  const { name, signal } = options;
  const store = locations.images;
  const inputs = stepInputs(base.digest, step);
  const waiting = { signal, onWait: tellWait(name, options.onProgress) };
  const report = (phase: ImageProgress['phase'], fraction = 0): void =>
    options.onProgress?.({ image: name, phase, fraction, script: step.title });
  if (options.cache !== false) {
    const image = await reuseBuilt(store, inputs, isLast ? name : undefined, waiting);
    if (image) {
      report('unchanged', 1);
      return { image, cached: true };
    }
  }
  await using scope = new Scope();
  makeDirectories(store);
  const directory = await makeBuildDirectory(store, scope);
  const storage = join(directory, 'machine');
  await mkdir(storage, { mode: 0o700 });
  const changed = await changeInGuest(base, step, {
    ...{ locations, storage, signal },
    ...{ memory: options.memory, cpus: options.cpus, timeoutMs: options.timeoutMs, log: options.log },
    onPhase: report,
    onOutput: (line) => options.onOutput?.(line),
  });
  report('compacting');
  const path = join(directory, 'layer.qcow2');
  await convertDisk({
    from: { path: changed, format: 'qcow2' },
    to: { path, format: 'qcow2' },
    backing: { path: base.path, format: base.format },
    onProgress: (fraction) => report('compacting', fraction),
    signal,
  });
  report('checking');
  const file = await finishedFile(path, signal);
  const image = await withStoreLock(store, waiting, async () => {
    const backing = await requireBase(store, base);
    const { guest } = base;
    const virtualBytes = step.sizeBytes ?? base.virtualBytes;
    const manifest = await placeDiskImage(store, directory, {
      ...file,
      ...{ name, format: 'qcow2', virtualBytes, guest, sources: [], backing: base.digest },
      origin: { kind: 'layer', from: base.name, inputs },
    });
    if (isLast) await nameImage(store, name, manifest.digest, directory);
    return diskImageOf(join(store, imageDirectoryName(manifest.digest)), manifest, backing);
  });
  return { image, cached: false };
}

/**
 * Checks, with the store locked, that the base image still exists. From here on it is in use and cannot be
 * removed.
 */
async function requireBase(store: string, { name, digest }: DiskImage): Promise<DiskLayer> {
  const image = await findStored(store, `sha256:${digest}`);
  if (image?.kind === 'disk') return image;
  throw new ImageNotFoundError(name, {
    hint: 'build again: another process removed this image during the build',
  });
}
