import { type CpioEntry, cpioArchive } from '../formats/cpio.ts';
import { type KernelModule, modulesAlias, modulesDep } from './kernel-modules.ts';
import { MICRO_TREE } from './micro-tree.ts';

export interface MicroParts {
  readonly agent: Buffer;
  readonly busybox: Buffer;
  /** The names of busybox's applets, sorted. */
  readonly applets: readonly string[];
  readonly kernelRelease: string;
  readonly modules: readonly KernelModule[];
}

/** Creates the initramfs of `micro`, uncompressed: under TCG, unpacking gzip takes longer than reading more bytes. */
export function microInitrd(parts: MicroParts): Buffer {
  const entries: CpioEntry[] = [
    ...MICRO_TREE,
    { type: 'file', path: 'init', mode: 0o755, data: parts.agent },
    { type: 'file', path: 'bin/busybox', mode: 0o755, data: parts.busybox },
    ...parts.applets.map((applet): CpioEntry => ({
      type: 'symlink',
      path: `bin/${applet}`,
      target: 'busybox',
    })),
    ...moduleEntries(parts.kernelRelease, parts.modules),
  ];
  return cpioArchive(entries);
}

/** Returns the directory of a kernel's modules. */
export function moduleEntries(release: string, modules: readonly KernelModule[]): CpioEntry[] {
  const directory = `lib/modules/${release}`;
  const file = (name: string, data: Uint8Array): CpioEntry => ({
    type: 'file',
    path: `${directory}/${name}`,
    mode: 0o644,
    data,
  });
  return [
    { type: 'directory', path: directory, mode: 0o755 },
    ...modules.map((module) => file(module.file, module.data)),
    file('modules.alias', Buffer.from(modulesAlias(modules))),
    file('modules.dep', Buffer.from(modulesDep(modules))),
  ];
}
