import { ImageBuildError } from '../../errors/index.ts';
import { run } from '../../process/run.ts';
import { isElf, hasPvhEntry } from '../formats/elf.ts';
import { type KernelModule, collectModules } from './kernel-modules.ts';
import { MICRO_PARAMETERS } from './micro-append.ts';
import { microInitrd } from './micro-initrd.ts';
import type { MicroFiles } from './micro-inputs.ts';
import { MICRO_MODULES } from './micro-modules.ts';
import type { AssembledImage } from '../store/place-image.ts';
import { plainEnvironment } from '../../util/system/plain-environment.ts';
import { extractVmlinux } from '../formats/vmlinux.ts';

/** Assembles an image in memory. The same inputs give the same bytes. @throws ImageBuildError */
export async function assembleMicro(files: MicroFiles, agent: Buffer): Promise<AssembledImage> {
  const modules: readonly KernelModule[] =
    files.modulesDirectory === undefined
      ? []
      : await collectModules(files.modulesDirectory, MICRO_MODULES, files.tools);
  const initrd = microInitrd({
    agent,
    busybox: files.busybox,
    applets: await appletsOf(files),
    kernelRelease: files.kernelRelease,
    modules,
  });
  return {
    kernelRelease: files.kernelRelease,
    kernel: await bootKernel(files),
    initrd: { path: 'initrd', data: initrd },
    append: MICRO_PARAMETERS.map(({ parameter }) => parameter),
  };
}

async function bootKernel(files: MicroFiles): Promise<{ path: string; data: Buffer }> {
  if (isElf(files.kernel)) {
    if (hasPvhEntry(files.kernel)) return { path: 'vmlinux', data: files.kernel };
    throw new ImageBuildError(
      'QEMU cannot start the given kernel: it is an uncompressed vmlinux that was built without CONFIG_PVH',
      { hint: 'give the bzImage (vmlinuz) of this kernel instead: --kernel BZIMAGE' },
    );
  }
  const vmlinux = await extractVmlinux(files.kernel, files.tools);
  return vmlinux === undefined ? { path: 'bzimage', data: files.kernel } : { path: 'vmlinux', data: vmlinux };
}

async function appletsOf(files: MicroFiles): Promise<string[]> {
  const { busybox, signal } = files.tools;
  const { stdout } = await run([busybox, '--list'], {
    environment: plainEnvironment(),
    evenNoexec: true,
    signal,
  });
  const names = stdout.toString('utf8').split('\n');
  return names.filter((name) => name !== '' && name !== 'busybox' && !name.includes('/')).sort();
}
