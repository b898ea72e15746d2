import { accessSync, constants, realpathSync, statSync } from 'node:fs';
import { homedir } from 'node:os';
import { resolve } from 'node:path';
import { ImageNotFoundError, InvalidInputError, isSystemError } from '../../errors/index.ts';
import { findFirmware } from '../../host/firmware/find-firmware.ts';
import type { Firmware, FirmwareKind } from '../../host/firmware/firmware.ts';
import { type AcceptedImage, acceptImage, acceptMedium } from '../../images/header/accept.ts';
import type { GuestDescription } from '../../images/record/guest-description.ts';
import type { DiskLayer, Image, KernelImage } from '../../images/record/image.ts';
import type { ImageProgress } from '../../images/pull/image-progress.ts';
import { ensureMicro, findMicro } from '../../images/micro/micro.ts';
import { parseImageReference, MICRO } from '../../images/record/reference.ts';
import { findImage as findStored } from '../../images/store/store.ts';
import type { DiskSpec } from '../spec/disk-spec.ts';
import { explainMissingImage } from './image-out-of-reach.ts';
import { checkKernelMemory } from '../plan/kernel-memory.ts';
import { type Locations, placesOf } from '../paths/locations.ts';
import { agentProgram } from '../paths/package-files.ts';
import type { BootSource, FoundDisk, FoundLayer } from './found-spec.ts';
import { appendNeedsKernel } from '../spec/kernel-command-line.ts';
import type { PullPolicy } from '../spec/machine-options.ts';
import type { OwnKernel, Spec } from '../spec/spec.ts';
import { templateTexts, usersIn } from '../paths/template-records.ts';
import { HOST_WORD } from '../share/host-system.ts';

export interface SourceContext {
  readonly locations: Locations;
  readonly signal: AbortSignal | undefined;
  readonly onProgress: ((progress: ImageProgress) => void) | undefined;
  /** With `never`, images are not built either: a missing image is an error. */
  readonly pull: PullPolicy;
  /** Firmware of the machine; by default the one that the image requires. */
  readonly firmware?: FirmwareKind | undefined;
  /** Words for the kernel, which the boot loader of a disk would not get. */
  readonly append?: string | undefined;
}

/**
 * Finds the boot source of the spec; builds `micro` if it is missing.
 * @throws InvalidInputError, also for a kernel that the memory is too small for; the errors of finding an
 * image.
 */
export async function findBootSource(spec: Spec, context: SourceContext): Promise<BootSource> {
  const source = await findSource(spec, context);
  if (source.kind === 'kernel') checkKernelMemory(spec.memoryBytes, source.kernelPath, source.initrdPath);
  return source;
}

async function findSource(spec: Spec, context: SourceContext): Promise<BootSource> {
  const { boot } = spec;
  switch (boot.kind) {
    case 'disk':
      refuseAppend(spec.append);
      return {
        kind: 'disk',
        layer: await findDiskFile(boot, 'image', context.signal),
        image: undefined,
      };
    case 'kernel': {
      const own = ownKernel(boot);
      const initrd = boot.initrd ?? (await findMicroImage(context)).initrdPath;
      return {
        kind: 'kernel',
        ...own,
        initrdPath: readableFile(initrd, 'initrd'),
        needsAgent: boot.initrd !== undefined && spec.until === 'guest',
        append: [],
      };
    }
    case 'host': {
      const own = boot.own && ownKernel(boot.own);
      const { kernelPath, initrdPath, append } = await findMicroImage(context);
      return {
        kind: 'kernel',
        kernelPath,
        initrdPath,
        needsAgent: false,
        ...own,
        append: [...(own ? [] : append), HOST_WORD],
      };
    }
    case 'image': {
      const { firmware, append } = spec;
      const image = await findImage(boot.image, { ...context, firmware, append });
      if (image.kind === 'disk') {
        refuseAppend(append);
        return { kind: 'disk', layer: foundLayerOf(image), image };
      }
      return {
        kind: 'kernel',
        kernelPath: image.kernelPath,
        initrdPath: image.initrdPath,
        needsAgent: false,
        append: image.append,
      };
    }
  }
}

/** The boot source of a guest that gets the host's system only when it runs. */
export function withoutHostSystem(source: BootSource): BootSource {
  if (source.kind === 'disk') return source;
  return { ...source, append: source.append.filter((word) => word !== HOST_WORD) };
}

function ownKernel({ kernel, modules }: OwnKernel) {
  return {
    kernelPath: readableFile(kernel, 'kernel'),
    modules: modules === undefined ? undefined : readableDirectory(modules, 'modules'),
  };
}

function foundLayerOf(found: FoundLayer): FoundLayer {
  return { ...layerOf(found), virtualBytes: found.virtualBytes };
}

function layerOf({ path, format, backing }: DiskLayer): DiskLayer {
  return { path, format, ...(backing && { backing: layerOf(backing) }) };
}

/**
 * Returns the firmware that a disk boots with; undefined for a BIOS, which is part of QEMU.
 * @throws FirmwareNotFoundError.
 */
export async function findFirmwareFor(
  guest: Pick<GuestDescription, 'firmware'> | undefined,
  kind: FirmwareKind = guest?.firmware ?? 'bios',
): Promise<Firmware | undefined> {
  return kind === 'bios' ? undefined : findFirmware(kind, process.env, homedir());
}

/**
 * @throws ImageNotFoundError, the errors of building or pulling it, or FirmwareNotFoundError instead of a download if the
 *   host lacks the firmware.
 */
export async function findImage(name: string, context: SourceContext): Promise<Image> {
  if (name === MICRO) return findMicroImage(context);
  parseImageReference(name);
  const { locations, pull, firmware, append } = context;
  const stored =
    (await findStored(locations.images, name)) ??
    (pull === 'never' || pull === 'newer' ? await findByAlias(name, locations) : undefined);
  if (pull === 'never' || (pull === 'missing' && stored)) return stored ?? refuseMissing(name);
  const { pullImage } = await import('../../images/pull/pull.ts');
  const pulling = pullImage(name, {
    ...placesOf(locations),
    ...context,
    orElse: pull === 'newer' ? stored : undefined,
    // The name may be an alias of a stored image, which then gets it.
    onlyMissing: pull === 'missing',
    // A catalogue has only disks.
    checkGuest: async (guest) => {
      refuseAppend(append);
      await findFirmwareFor(guest, firmware);
    },
  });
  return pulling.catch(async (error: unknown) => {
    throw await explainMissingImage(error, name, locations);
  });
}

/** @throws InvalidInputError */
function refuseAppend(append: string | undefined): void {
  if (append !== undefined) throw appendNeedsKernel('leave out --append, or boot a kernel with --kernel');
}

/** Returns the stored image of the catalogue's own name for an alias; no server is asked. */
async function findByAlias(alias: string, locations: Locations): Promise<Image | undefined> {
  const { openCatalogue } = await import('../../images/catalogue/catalogue.ts');
  const { catalogue: file, userCatalogue: userFile } = placesOf(locations);
  const catalogue = await openCatalogue({ file, userFile });
  try {
    return await findStored(locations.images, catalogue.find(alias).reference);
  } catch (error) {
    if (error instanceof ImageNotFoundError) return undefined;
    throw error;
  }
}

/** @throws ImageNotFoundError, or the errors of building it. */
export async function findMicroImage(context: SourceContext): Promise<KernelImage> {
  const { locations, pull, onProgress, signal } = context;
  const store = locations.images;
  const agentPath = agentProgram();
  const image =
    pull === 'never'
      ? await findMicro(store, agentPath)
      : await ensureMicro({
          store,
          agentPath,
          // Only templates need a certain build of this image.
          readUsers: () => usersIn(templateTexts(locations)),
          onProgress: (progress) => onProgress?.({ image: MICRO, ...progress }),
          signal,
        });
  return image ?? refuseMissing(MICRO);
}

function refuseMissing(name: string): never {
  throw new ImageNotFoundError(name, {
    hint:
      name === MICRO
        ? 'run: vmlet image build micro'
        : `run: vmlet image pull ${name}; for a disk file, use a path with a slash, as in ./disk.qcow2`,
  });
}

/**
 * Returns the disks with absolute paths. Each is inspected before QEMU opens it.
 * @throws InvalidInputError for a missing file; ImageRefusedError for one that has another format than
 * specified, is damaged, or depends on other files without being trusted.
 */
export async function findDisks(
  disks: readonly DiskSpec[],
  signal: AbortSignal | undefined,
): Promise<FoundDisk[]> {
  return Promise.all(
    disks.map(async (disk, index) => {
      if ('sizeBytes' in disk) return disk;
      const layer = await findDiskFile(disk, `disks[${index}]`, signal);
      return { ...layer, readOnly: disk.readOnly ?? false };
    }),
  );
}

/**
 * Returns the absolute path of a medium for a CD drive. It is inspected before QEMU opens it.
 * @throws InvalidInputError for a missing file; ImageRefusedError for a disk image or a truncated file.
 */
export async function findMedium(
  path: string,
  field: string,
  signal: AbortSignal | undefined,
): Promise<string> {
  const absolute = readableFile(path, field);
  await acceptMedium(absolute, { field, signal });
  return absolute;
}

/**
 * Returns a disk with its absolute path and its backing files. An untrusted disk must not expose other files
 * of the user to the guest.
 * @param field names it in errors.
 * @throws the errors of `findDisks`.
 */
export async function findDiskFile(
  {
    path,
    format,
    trusted,
  }: Pick<AcceptedImage, 'path' | 'format'> & { readonly trusted?: boolean | undefined },
  field: string,
  signal: AbortSignal | undefined,
): Promise<FoundLayer> {
  return foundLayerOf(await acceptImage(readableFile(path, field), { format, field, trusted, signal }));
}

/** @throws InvalidInputError for a path that is missing, unreadable or a directory. */
export function readableFile(path: string, field: string): string {
  return readablePath(path, field, 'file');
}

/** @throws InvalidInputError for a path that is missing, unreadable or no directory. */
function readableDirectory(path: string, field: string): string {
  return readablePath(path, field, 'directory');
}

function readablePath(path: string, field: string, kind: 'file' | 'directory'): string {
  const absolute = resolve(path);
  try {
    if (statSync(absolute).isDirectory() !== (kind === 'directory')) {
      throw new InvalidInputError(field, `${path} is ${kind === 'file' ? 'a directory' : 'not a directory'}`);
    }
    accessSync(absolute, constants.R_OK);
    return realpathSync(absolute);
  } catch (error) {
    if (isSystemError(error, 'ENOENT', 'ENOTDIR')) {
      throw new InvalidInputError(field, `no such ${kind}: ${path}`, { cause: error });
    }
    if (isSystemError(error, 'EACCES')) {
      throw new InvalidInputError(field, `permission denied: ${path}`, {
        hint: `check the owner and the permissions of this ${kind} and of the directories above it`,
        cause: error,
      });
    }
    throw error;
  }
}
