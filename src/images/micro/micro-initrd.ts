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
  const modulesDirectory = `lib/modules/${parts.kernelRelease}`;
  const text = (path: string, content: string): CpioEntry => ({
    type: 'file',
    path,
    mode: 0o644,
    data: Buffer.from(content),
  });
  const entries: CpioEntry[] = [
    ...MICRO_TREE,
    { type: 'file', path: 'init', mode: 0o755, data: parts.agent },
    { type: 'file', path: 'bin/busybox', mode: 0o755, data: parts.busybox },
    ...parts.applets.map((applet): CpioEntry => ({
      type: 'symlink',
      path: `bin/${applet}`,
      target: 'busybox',
    })),
    { type: 'directory', path: modulesDirectory, mode: 0o755 },
    ...parts.modules.map((module): CpioEntry => ({
      type: 'file',
      path: `${modulesDirectory}/${module.file}`,
      mode: 0o644,
      data: module.data,
    })),
    text(`${modulesDirectory}/modules.alias`, modulesAlias(parts.modules)),
    text(`${modulesDirectory}/modules.dep`, modulesDep(parts.modules)),
  ];
  return cpioArchive(entries);
}
