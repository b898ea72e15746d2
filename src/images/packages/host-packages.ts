import { ImageBuildError } from '../../errors/index.ts';
import { findProgram } from '../../process/program.ts';
import { AptSource } from './apt-source.ts';
import { DnfSource } from './dnf-source.ts';
import type { PackageSource } from './package-source.ts';

/** Returns the host's package source; undefined on a host with neither apt nor dnf. */
export function findHostPackageSource(): PackageSource | undefined {
  if (findProgram('apt-get') !== undefined && findProgram('dpkg-deb') !== undefined) return new AptSource();
  if (findProgram('dnf') !== undefined) return new DnfSource();
  return undefined;
}

/** @throws ImageBuildError on a host with neither apt nor dnf. */
export function hostPackageSource(): PackageSource {
  const source = findHostPackageSource();
  if (source !== undefined) return source;
  throw new ImageBuildError('cannot download the packages for micro: this host has neither apt-get nor dnf', {
    hint: 'give a kernel and a statically linked busybox: vmlet image build micro --kernel KERNEL --busybox BUSYBOX',
  });
}
