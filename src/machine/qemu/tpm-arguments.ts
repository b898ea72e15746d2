import { InvalidInputError } from '../../errors/index.ts';
import type { SwtpmFeatures } from '../../host/programs/swtpm.ts';
import { keyValueOption } from './quote.ts';

/** The first descriptor that a program inherits after its standard ones; swtpm finds QEMU's connection there. */
const CONTROL_DESCRIPTOR = 3;

/**
 * The swtpm command line for a TPM 2.0 whose control connection, from QEMU, is inherited. It ends with that
 * connection. QEMU initialises the TPM at each reset of the guest, and the firmware starts it, so that no --flags
 * are given.
 * @param stateDirectory where the TPM keeps its keys; it exists, and only its user may enter it.
 * @throws InvalidInputError for a path with a comma, which swtpm's options cannot hold.
 */
export function swtpmArguments(
  swtpm: Pick<SwtpmFeatures, 'path' | 'hasSeccomp'>,
  stateDirectory: string,
): [string, ...string[]] {
  if (stateDirectory.includes(',')) {
    throw new InvalidInputError('tpm', `swtpm takes no path with a comma, and ${stateDirectory} has one`, {
      hint: 'Point XDG_DATA_HOME to a directory without one.',
    });
  }
  return [
    swtpm.path,
    'socket',
    '--tpm2',
    ...['--tpmstate', `dir=${stateDirectory},mode=0600`],
    ...['--ctrl', `type=unixio,clientfd=${CONTROL_DESCRIPTOR}`],
    '--terminate',
    ...(swtpm.hasSeccomp ? ['--seccomp', 'action=kill'] : []),
  ];
}

/** @param socketPath where somebody accepts QEMU's connection and starts swtpm on it, while QEMU waits. */
export function tpmArguments(socketPath: string): string[] {
  return [
    ...['-chardev', keyValueOption('socket', { id: 'tpm-control', path: socketPath })],
    ...['-tpmdev', keyValueOption('emulator', { id: 'tpm', chardev: 'tpm-control' })],
    ...['-device', JSON.stringify({ driver: 'tpm-crb', id: 'tpm-device', tpmdev: 'tpm' })],
  ];
}
