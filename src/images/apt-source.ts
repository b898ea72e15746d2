import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { StringDecoder } from 'node:string_decoder';
import { ImageBuildError } from '../errors.ts';
import { run } from '../process/run.ts';
import { type FetchOptions, type Package, type PackageSource, packageError } from './package-source.ts';
import { plainEnvironment } from './plain-environment.ts';

const UPDATE_HINT = 'Refresh the package lists and try again: sudo apt-get update.';

/** Debian's and Ubuntu's names for "the newest kernel made for virtual machines", best first. */
const KERNEL_METAPACKAGES = ['linux-image-cloud-amd64', 'linux-image-virtual'];
/** What such a name leads to: Debian keeps modules beside the kernel, Ubuntu in a package of their own. */
const KERNEL_PACKAGE = /^linux-(image|modules)-(unsigned-)?\d/;

export class AptSource implements PackageSource {
  readonly busyboxPackage = 'busybox-static';

  async findKernel(signal: AbortSignal | undefined): Promise<readonly Package[]> {
    for (const metapackage of KERNEL_METAPACKAGES) {
      const names = await this.#kernelPackages(metapackage, signal);
      if (names.length > 0) return Promise.all(names.map(async (name) => this.find(name, signal)));
    }
    throw new ImageBuildError(`apt knows no kernel package: ${KERNEL_METAPACKAGES.join(', ')}`, {
      hint: UPDATE_HINT,
    });
  }

  async find(name: string, signal: AbortSignal | undefined): Promise<Package> {
    const { stdout } = await run(['apt-cache', 'policy', name], { environment: plainEnvironment(), signal });
    const version = /^ {2}Candidate: (\S+)$/m.exec(stdout.toString('utf8'))?.[1];
    if (version === undefined || version === '(none)') {
      throw new ImageBuildError(`apt knows no package ${name}`, { hint: UPDATE_HINT });
    }
    return { name, version };
  }

  async fetch(packages: readonly Package[], options: FetchOptions): Promise<void> {
    const names = packages.map(({ name, version }) => `${name}=${version}`);
    const { downloadDirectory, rootDirectory, signal } = options;
    try {
      await run(
        [
          'apt-get',
          // Machine-readable progress on stdout; root needs no other user for a download into its own directory.
          ...['-o', 'APT::Status-Fd=1', '-o', 'APT::Sandbox::User=root', '--quiet=2'],
          'download',
          ...names,
        ],
        {
          cwd: downloadDirectory,
          environment: plainEnvironment(),
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
      throw packageError(error, `cannot fetch ${packages.map(({ name }) => name).join(', ')}`, UPDATE_HINT);
    }
  }

  async #kernelPackages(metapackage: string, signal: AbortSignal | undefined): Promise<string[]> {
    const found = new Set<string>();
    const waiting = [metapackage];
    for (let name = waiting.shift(); name !== undefined; name = waiting.shift()) {
      const { exitCode, stdout } = await run(['apt-cache', 'depends', '--important', name], {
        environment: plainEnvironment(),
        signal,
        acceptedExitCodes: [0, 100],
      });
      if (exitCode !== 0) continue;
      for (const [, dependency] of stdout.toString('utf8').matchAll(/^ [ |](?:Pre)?Depends: (\S+)$/gm)) {
        if (dependency === undefined || found.has(dependency) || !KERNEL_PACKAGE.test(dependency)) continue;
        found.add(dependency);
        waiting.push(dependency);
      }
    }
    return [...found].sort();
  }
}

/** apt's status lines are "dlstatus:FILE:PERCENT:TEXT" (apt's doc/progress-reporting). */
function progressReader(onProgress: ((fraction: number) => void) | undefined): (chunk: Uint8Array) => void {
  const decoder = new StringDecoder('utf8');
  return (chunk) => {
    for (const [, percent] of decoder.write(Buffer.from(chunk)).matchAll(/^dlstatus:\d+:([\d.]+):/gm)) {
      onProgress?.(Math.min(1, Number(percent) / 100));
    }
  };
}
