import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { ImageBuildError } from '../../errors/index.ts';
import { requireProgram } from '../../process/program.ts';
import { type RunOptions, run } from '../../process/run.ts';
import { type FetchOptions, type Package, type PackageSource, packageError } from './package-source.ts';
import { plainEnvironment } from '../../util/system/plain-environment.ts';

const OWN_FILES =
  'or give your own files: vmlet image build micro --kernel KERNEL --modules DIRECTORY --busybox BUSYBOX';
const HINT = `check that dnf finds the packages: dnf repoquery kernel-core busybox; ${OWN_FILES}`;
const KERNEL_PACKAGES = ['kernel-core', 'kernel-modules-core', 'kernel-modules'];

/** The packages of Fedora and its relatives. */
export class DnfSource implements PackageSource {
  readonly busyboxPackage = 'busybox';

  async findKernel(signal: AbortSignal | undefined): Promise<readonly Package[]> {
    const [kernel, ...modules] = KERNEL_PACKAGES;
    const core = await this.find(kernel ?? '', signal);
    const rest: Package[] = [];
    for (const name of modules) {
      // EL 9.1 and older have no kernel-modules-core: those modules are in kernel-core.
      if (await this.#exists(name, core.version, signal)) rest.push({ name, version: core.version });
    }
    return [core, ...rest];
  }

  async find(name: string, signal: AbortSignal | undefined): Promise<Package> {
    const versions = await this.#versions(name, signal);
    const version = versions.at(-1);
    if (version === undefined) throw new ImageBuildError(`dnf has no package ${name}`, { hint: HINT });
    return { name, version };
  }

  async fetch(packages: readonly Package[], options: FetchOptions): Promise<void> {
    const { downloadDirectory, rootDirectory, signal } = options;
    const how = { environment: plainEnvironment(), signal };
    requireProgram('cpio', 'to unpack RPM packages, install cpio: sudo dnf install cpio');
    try {
      const names = packages.map(({ name, version }) => `${name}-${version}`);
      await run(['dnf', '--quiet', 'download', '--destdir', downloadDirectory, ...names], how);
      options.onProgress?.(1);
      for (const file of (await readdir(downloadDirectory)).filter((name) => name.endsWith('.rpm')).sort()) {
        const path = join(downloadDirectory, file);
        await requireSignature(path, file, how);
        await run(['sh', '-c', 'rpm2cpio "$0" | cpio --extract --make-directories --quiet', path], {
          ...how,
          cwd: rootDirectory,
        });
      }
    } catch (error) {
      throw packageError(error, `cannot fetch ${packages.map(({ name }) => name).join(', ')}`, HINT);
    }
  }

  async #exists(name: string, version: string, signal: AbortSignal | undefined): Promise<boolean> {
    return (await this.#versions(name, signal)).includes(version);
  }

  /** Oldest first, as VERSION-RELEASE.ARCHITECTURE. */
  async #versions(name: string, signal: AbortSignal | undefined): Promise<string[]> {
    const query = [
      '--latest-limit',
      '1',
      '--arch',
      'x86_64',
      '--queryformat',
      '%{version}-%{release}.%{arch}\n',
    ];
    try {
      const { stdout } = await run(['dnf', '--quiet', 'repoquery', ...query, name], {
        environment: plainEnvironment(),
        signal,
      });
      return [
        ...new Set(
          stdout
            .toString('utf8')
            .split('\n')
            .filter((line) => line !== ''),
        ),
      ];
    } catch (error) {
      throw packageError(error, `cannot look up ${name}`, HINT);
    }
  }
}

/** dnf checks signatures when it installs packages, but not when it only downloads them. */
async function requireSignature(path: string, file: string, how: RunOptions): Promise<void> {
  const { stdout } = await run(['rpmkeys', '--checksig', path], how);
  // For a package without a signature, the status is 0, too, and the output "digests OK".
  if (/: .*\bsignatures OK\s*$/.test(stdout.toString('utf8'))) return;
  throw new ImageBuildError(`the package ${file} is not signed`, {
    hint: `use a repository with signed packages, ${OWN_FILES}`,
  });
}
