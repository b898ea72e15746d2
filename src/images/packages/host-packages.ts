import { ImageBuildError } from '../../errors/index.ts';
import { findProgram } from '../../process/program.ts';
import { AptSource } from './apt-source.ts';
import { DnfSource } from './dnf-source.ts';
import type { PackageSource } from './package-source.ts';

/** undefined on a host with neither apt nor dnf. */
export function findHostPackageSource(): PackageSource | undefined {
  if (findProgram('apt-get') !== undefined && findProgram('dpkg-deb') !== undefined) return new AptSource();
  if (findProgram('dnf') !== undefined) return new DnfSource();
  return undefined;
}

/** @throws ImageBuildError on a host with neither apt nor dnf. */
export function hostPackageSource(): PackageSource {
  const source = findHostPackageSource();
  if (source !== undefined) return source;
  throw new ImageBuildError('this host has neither apt-get nor dnf to fetch a kernel with', {
    hint: 'Give a kernel and a statically linked busybox yourself: vmlet image build micro --kernel K --busybox B.',
  });
}
