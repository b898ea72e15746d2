import type { Firmware } from '../../host/firmware/firmware.ts';
import { keyValueOption } from './quote.ts';

/** What a device or a feature adds to QEMU's command line. */
export interface FirmwareArguments {
  /** For the one -machine option. */
  readonly boardOptions: Readonly<Record<string, string>>;
  readonly arguments: readonly string[];
}

export const FIRMWARE_CODE_NODE = 'firmware-code';
/** Takes part in snapshots like a disk. */
export const FIRMWARE_VARS_NODE = 'firmware-vars';

/**
 * UEFI firmware as two flash chips. BIOS needs no arguments: QEMU brings it along.
 * @param nvramPath the machine's own variables: qcow2, so that internal snapshots hold them too.
 */
export function firmwareArguments(
  { code, needsSmm, secureBoot }: Pick<Firmware, 'code' | 'needsSmm' | 'secureBoot'>,
  nvramPath: string,
): FirmwareArguments {
  const codeNode = {
    driver: code.format,
    'node-name': FIRMWARE_CODE_NODE,
    'read-only': true,
    file: { driver: 'file', filename: code.path, 'read-only': true },
    ...(code.format === 'qcow2' && { backing: null }),
  };
  const varsNode = {
    driver: 'qcow2',
    'node-name': FIRMWARE_VARS_NODE,
    file: { driver: 'file', filename: nvramPath },
    backing: null,
  };
  // Otherwise the guest's kernel could write Secure Boot's keys past the firmware.
  const onlyFromSmm = { driver: 'cfi.pflash01', property: 'secure', value: 'on' };
  return {
    boardOptions: {
      pflash0: FIRMWARE_CODE_NODE,
      pflash1: FIRMWARE_VARS_NODE,
      ...(needsSmm && { smm: 'on' }),
    },
    arguments: [
      ...['-blockdev', JSON.stringify(codeNode)],
      ...['-blockdev', JSON.stringify(varsNode)],
      ...(needsSmm && secureBoot ? ['-global', keyValueOption('', onlyFromSmm).slice(1)] : []),
    ],
  };
}
