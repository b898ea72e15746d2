import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { StringDecoder } from 'node:string_decoder';
import { ImageBuildError } from '../../errors/index.ts';
import { run } from '../../process/run.ts';
import { type FetchOptions, type Package, type PackageSource, packageError } from './package-source.ts';
import { proxiesOf } from './proxies.ts';
import { plainEnvironment } from '../../util/system/plain-environment.ts';

const UPDATE_HINT = 'refresh the package lists (sudo apt-get update), then try again';
const OWN_KERNEL = 'vmlet image build micro --kernel KERNEL --modules DIRECTORY';
const FETCH_HINT = `check the host's network, ${UPDATE_HINT}`;

/** Metapackages of Debian and Ubuntu for the newest kernel for virtual machines, in order of preference. */
const KERNEL_METAPACKAGES = ['linux-image-cloud-amd64', 'linux-image-virtual'];
/**
 * A metapackage depends, in several steps, on the packages with the kernel and its modules, whose number and names
 * differ by distribution and release. All of them are in this section of the archive; the programs that install a
 * kernel (initramfs-tools, kmod) are in others.
 */
const KERNEL_SECTION = /^(.*\/)?kernel$/;
/** Architecture-independent packages contain neither a kernel nor modules. */
const NO_ARCHITECTURE = 'all';

interface PackageRecord extends Package {
  /** The names of all alternatives, without versions. */
  readonly depends: readonly string[];
  readonly holdsKernelParts: boolean;
}

/**
 * The packages of Debian and Ubuntu. For ordinary users apt-cache parses all lists at each call, which takes about a
 * second, so it is called as rarely as possible.
 */
export class AptSource implements PackageSource {
  readonly busyboxPackage = 'busybox-static';

  async findKernel(signal: AbortSignal | undefined): Promise<readonly Package[]> {
    const metapackages = await this.#records(KERNEL_METAPACKAGES, signal);
    const best = KERNEL_METAPACKAGES.map((name) => metapackages.get(name)).find((record) => record);
    const found = new Map<string, PackageRecord>();
    const asked = new Set<string>();
    let waiting = best?.depends ?? [];
    while (waiting.length > 0) {
      for (const name of waiting) asked.add(name);
      const records = [...(await this.#records(waiting, signal)).values()];
      const parts = records.filter(({ holdsKernelParts }) => holdsKernelParts);
      for (const record of parts) found.set(record.name, record);
      waiting = [...new Set(parts.flatMap(({ depends }) => depends))].filter((name) => !asked.has(name));
    }
    if (found.size === 0) {
      throw new ImageBuildError(`apt has none of these kernel packages: ${KERNEL_METAPACKAGES.join(', ')}`, {
        hint: `${UPDATE_HINT}; or give your own kernel: ${OWN_KERNEL}`,
      });
    }
    return [...found.keys()].sort().map((name) => ({ name, version: found.get(name)?.version ?? '' }));
  }

  async find(name: string, signal: AbortSignal | undefined): Promise<Package> {
    const record = (await this.#records([name], signal)).get(name);
    if (record === undefined) throw new ImageBuildError(`apt has no package ${name}`, { hint: UPDATE_HINT });
    return { name, version: record.version };
  }

  async fetch(packages: readonly Package[], options: FetchOptions): Promise<void> {
    const names = packages.map(({ name, version }) => `${name}=${version}`);
    const { downloadDirectory, rootDirectory, signal } = options;
    try {
      await run(
        [
          'apt-get',
          // Machine-readable progress on stdout. As root, apt would drop privileges and could not write to the
          // directory.
          ...['-o', 'APT::Status-Fd=1', '-o', 'APT::Sandbox::User=root', '--quiet=2'],
          'download',
          ...names,
        ],
        {
          cwd: downloadDirectory,
          environment: { ...plainEnvironment(), ...proxiesOf(process.env) },
          signal,
          onStdout: progressReader(options.onProgress),
        },
      );
      for (const file of (await readdir(downloadDirectory)).filter((name) => name.endsWith('.deb')).sort()) {
        await run(['dpkg-deb', '--extract', join(downloadDirectory, file), rootDirectory], {
          environment: plainEnvironment(),
          signal,
        });
      }
    } catch (error) {
      throw packageError(error, `cannot fetch ${packages.map(({ name }) => name).join(', ')}`, FETCH_HINT);
    }
  }

  /** The versions that apt would install. Packages that it does not know are missing from the result. */
  async #records(
    names: readonly string[],
    signal: AbortSignal | undefined,
  ): Promise<ReadonlyMap<string, PackageRecord>> {
    const { stdout } = await run(['apt-cache', 'show', '--no-all-versions', ...names], {
      environment: plainEnvironment(),
      signal,
      // 100: one of them is unknown.
      acceptedExitCodes: [0, 100],
    });
    const records = stdout.toString('utf8').split('\n\n').map(parseRecord);
    return new Map(records.flatMap((record) => (record === undefined ? [] : [[record.name, record]])));
  }
}

/** Parses a paragraph of a Packages file (deb822(5)). */
function parseRecord(paragraph: string): PackageRecord | undefined {
  const field = (name: string): string | undefined =>
    new RegExp(`^${name}:[ \\t]*(.*(?:\\n[ \\t].*)*)$`, 'm').exec(paragraph)?.[1];
  const [name, version] = [field('Package'), field('Version')];
  if (name === undefined || version === undefined) return undefined;
  const depends = [field('Pre-Depends'), field('Depends')]
    .flatMap((list) => list?.split(/[,|]/) ?? [])
    .flatMap((entry) => /[a-z0-9][a-z0-9+.-]+/.exec(entry)?.[0] ?? []);
  const holdsKernelParts =
    KERNEL_SECTION.test(field('Section') ?? '') && field('Architecture') !== NO_ARCHITECTURE;
  return { name, version, depends, holdsKernelParts };
}

/** Returns a parser for apt's status lines, "dlstatus:FILE:PERCENT:TEXT" (apt's doc/progress-reporting). */
function progressReader(onProgress: ((fraction: number) => void) | undefined): (chunk: Uint8Array) => void {
  const decoder = new StringDecoder('utf8');
  return (chunk) => {
    for (const [, percent] of decoder.write(Buffer.from(chunk)).matchAll(/^dlstatus:\d+:([\d.]+):/gm)) {
      onProgress?.(Math.min(1, Number(percent) / 100));
    }
  };
}
