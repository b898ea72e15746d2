import { InvalidInputError } from '../../errors/index.ts';
import type { SwtpmFeatures } from '../../host/programs/swtpm.ts';
import { keyValueOption } from './quote.ts';

/**
 * The first descriptor that a program inherits after its standard ones; swtpm finds QEMU's connection there.
 */
const CONTROL_DESCRIPTOR = 3;

/**
 * Returns the swtpm command line for a TPM 2.0 with an inherited control connection from QEMU. swtpm exits
 * when the connection closes. QEMU initialises the TPM at each guest reset, and the firmware starts it, so no
 * --flags are needed.
 * @param stateDirectory directory of the TPM's keys; it exists, and only its user may enter it.
 * @throws InvalidInputError for a path with a comma, which swtpm's options do not support.
 */
export function swtpmArguments(
  swtpm: Pick<SwtpmFeatures, 'path' | 'hasSeccomp'>,
  stateDirectory: string,
): [string, ...string[]] {
  if (stateDirectory.includes(',')) {
    throw new InvalidInputError('tpm', `swtpm does not support paths with a comma: ${stateDirectory}`, {
      hint: 'set XDG_DATA_HOME to a path without a comma, and create the machine again; or remove the TPM: vmlet set NAME --no-tpm',
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

/**
 * @param socketPath a socket whose listener accepts QEMU's connection and starts swtpm on it, while QEMU
 * waits.
 */
export function tpmArguments(socketPath: string): string[] {
  return [
    ...['-chardev', keyValueOption('socket', { id: 'tpm-control', path: socketPath })],
    ...['-tpmdev', keyValueOption('emulator', { id: 'tpm', chardev: 'tpm-control' })],
    ...['-device', JSON.stringify({ driver: 'tpm-crb', id: 'tpm-device', tpmdev: 'tpm' })],
  ];
}
