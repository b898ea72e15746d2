import { packageFile } from '../../util/package-file.ts';

/** Path of the switch of a private network, created by the build. */
export function switchProgram(): string {
  return packageFile('dist/network-switch/vmlet-switch');
}

/** Path of the program that leads a socket of the host to a guest, created by the build. */
export function relayProgram(): string {
  return packageFile('dist/relay/vmlet-relay');
}

/** Path of the program that hands QEMU's connection to the switch, created by the build. */
export function plugProgram(): string {
  return packageFile('dist/network-switch/vmlet-plug');
}
