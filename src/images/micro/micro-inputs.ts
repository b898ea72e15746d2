import { access, chmod, constants, copyFile, mkdir, readFile, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { ImageBuildError, InvalidInputError } from '../../errors/index.ts';
import { explainUnreadable } from '../../util/files/user-file.ts';
import type { Decompressors } from '../formats/decompress.ts';
import { isStaticProgram } from '../formats/elf.ts';
import { findHostPackageSource, hostPackageSource } from '../packages/host-packages.ts';
import { findKernelTree, requireRelease } from './kernel-tree.ts';
import type { ImageSource } from '../record/manifest.ts';
import type { Package, PackageSource } from '../packages/package-source.ts';
import { sha256 } from '../digest/sha256.ts';

const BUSYBOX_HINT =
  'give a statically linked busybox: vmlet image build micro --busybox FILE (Debian and Ubuntu have one in the package busybox-static)';

/** The user's own files, used instead of the distribution's packages. */
export interface OwnFiles {
  /** A bzImage or an uncompressed vmlinux. */
  readonly kernel?: string | undefined;
  /** The directory of that kernel's modules, such as /lib/modules/RELEASE; none by default. Requires `kernel`. */
  readonly modules?: string | undefined;
  /** A statically linked busybox. */
  readonly busybox?: string | undefined;
}

/** The sources of an image, determined before anything is fetched. */
export interface MicroInputs {
  readonly own: OwnFiles;
  readonly packages: PackageSource | undefined;
  readonly kernel: readonly Package[];
  readonly busybox: readonly Package[];
}

/** The fetched parts of an image. */
export interface MicroFiles {
  readonly kernel: Buffer;
  readonly kernelRelease: string;
  readonly modulesDirectory: string | undefined;
  readonly busybox: Buffer;
  readonly tools: Decompressors & { readonly busybox: string };
  /** Packages with versions, and the user's own files with their SHA-256. */
  readonly sources: readonly ImageSource[];
}

/** Checks the user's own files: a wrong path must not cost a download first. @throws InvalidInputError */
export async function checkOwnFiles(own: OwnFiles): Promise<void> {
  if (own.modules !== undefined && own.kernel === undefined) {
    throw new InvalidInputError('modules', 'requires a kernel', {
      hint: 'give the kernel of these modules: --kernel KERNEL --modules DIRECTORY',
    });
  }
  if (own.modules !== undefined && !(await isDirectory(own.modules))) {
    throw new InvalidInputError('modules', `no such directory: ${own.modules}`);
  }
  for (const field of ['kernel', 'busybox'] as const) {
    const path = own[field];
    if (path !== undefined) await withOwn(field, path, async () => access(path, constants.R_OK));
  }
}

/** Determines the sources of an image. @throws ImageBuildError */
export async function settleInputs(own: OwnFiles, signal: AbortSignal | undefined): Promise<MicroInputs> {
  if (own.kernel !== undefined && own.busybox !== undefined) {
    return { own, packages: undefined, kernel: [], busybox: [] };
  }
  const packages = hostPackageSource();
  const [kernel, busybox] = await Promise.all([
    own.kernel === undefined ? packages.findKernel(signal) : [],
    own.busybox === undefined ? packages.find(packages.busyboxPackage, signal) : undefined,
  ]);
  return { own, packages, kernel, busybox: busybox === undefined ? [] : [busybox] };
}

/** Whether a source of an image is one of the user's own files, which have a SHA-256 in place of a version. */
export function isOwnFile({ version }: ImageSource): boolean {
  return /^[0-9a-f]{64}$/.test(version);
}

/** Lists the packages of the image. */
export function packageSources(inputs: MicroInputs): ImageSource[] {
  return [...inputs.kernel, ...inputs.busybox].map(({ name, version }) => ({ name, version }));
}

export interface ObtainOptions {
  /** A directory for the build. */
  readonly directory: string;
  /** Called with 0..1 while packages are fetched. */
  readonly onProgress: (fraction: number) => void;
  readonly signal: AbortSignal | undefined;
}

/** Fetches, unpacks and reads the parts of an image. @throws ImageBuildError, NoSpaceError, InvalidInputError */
export async function obtainInputs(inputs: MicroInputs, options: ObtainOptions): Promise<MicroFiles> {
  const root = join(options.directory, 'root');
  await mkdir(root);
  const { signal } = options;
  const fetchInto = async (
    source: PackageSource,
    packages: readonly Package[],
    onProgress?: ObtainOptions['onProgress'],
  ): Promise<void> => {
    const downloadDirectory = join(options.directory, 'download');
    await mkdir(downloadDirectory);
    await source.fetch(packages, { downloadDirectory, rootDirectory: root, onProgress, signal });
    // Removed early, because it is as large as the image itself.
    await rm(downloadDirectory, { recursive: true });
  };
  const fetchProgram = async (name: string): Promise<string | undefined> => {
    const path = join(root, 'usr/bin', name);
    // With the user's own files, packages are otherwise not needed.
    const source = inputs.packages ?? findHostPackageSource();
    if (source === undefined) return undefined;
    if (!(await isFile(path))) await fetchInto(source, [await source.find(name, signal)]);
    return path;
  };
  const wanted = [...inputs.kernel, ...inputs.busybox];
  if (inputs.packages !== undefined && wanted.length > 0) {
    await fetchInto(inputs.packages, wanted, options.onProgress);
  }
  const { own } = inputs;
  const busyboxPath =
    own.busybox ??
    (await firstFile(root, ['usr/bin/busybox', 'bin/busybox', 'usr/sbin/busybox', 'sbin/busybox']));
  const busybox = await readOwn('busybox', busyboxPath);
  if (!isStaticProgram(busybox)) {
    throw new ImageBuildError(`${busyboxPath} is not a statically linked x86_64 program`, {
      hint: BUSYBOX_HINT,
    });
  }
  // The user's own file may not be executable.
  const runnable = join(options.directory, 'busybox');
  await copyFile(busyboxPath, runnable);
  await chmod(runnable, 0o755);
  const tree =
    own.kernel === undefined
      ? await findKernelTree(root)
      : { kernelPath: own.kernel, modulesDirectory: own.modules, release: undefined };
  const kernel = await readOwn('kernel', tree.kernelPath);
  return {
    kernel,
    kernelRelease: tree.release ?? requireRelease(kernel, tree.kernelPath),
    modulesDirectory: tree.modulesDirectory,
    busybox,
    sources: [
      ...packageSources(inputs),
      ...(own.kernel === undefined ? [] : [{ name: 'kernel', version: sha256(kernel) }]),
      ...(own.busybox === undefined ? [] : [{ name: 'busybox', version: sha256(busybox) }]),
    ],
    tools: { busybox: runnable, fetchProgram, signal },
  };
}

async function firstFile(root: string, candidates: readonly string[]): Promise<string> {
  for (const candidate of candidates) {
    const path = join(root, candidate);
    if (await isFile(path)) return path;
  }
  throw new ImageBuildError('the busybox package does not contain the program busybox', {
    hint: BUSYBOX_HINT,
  });
}

async function isDirectory(path: string): Promise<boolean> {
  return stat(path).then(
    (stats) => stats.isDirectory(),
    () => false,
  );
}

async function isFile(path: string): Promise<boolean> {
  return stat(path).then(
    (stats) => stats.isFile(),
    () => false,
  );
}

async function readOwn(field: string, path: string): Promise<Buffer> {
  return withOwn(field, path, async () => readFile(path));
}

/** @throws InvalidInputError for a path that is not a readable file. */
async function withOwn<T>(field: string, path: string, use: () => Promise<T>): Promise<T> {
  try {
    if ((await stat(path)).isDirectory()) throw new InvalidInputError(field, `${path} is a directory`);
    return await use();
  } catch (error) {
    throw explainUnreadable(error, path, field);
  }
}
