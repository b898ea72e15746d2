import type { Firmware } from '../../host/firmware/firmware.ts';
import { keyValueOption } from './quote.ts';

/** QEMU arguments of a device or feature. */
export interface FirmwareArguments {
  /** Added to the -machine option. */
  readonly boardOptions: Readonly<Record<string, string>>;
  readonly arguments: readonly string[];
}

const FIRMWARE_CODE_NODE = 'firmware-code';
/** Included in snapshots like a disk. */
export const FIRMWARE_VARS_NODE = 'firmware-vars';

/**
 * Returns the arguments for UEFI firmware as two flash chips. BIOS needs none, because it is built into QEMU.
 * @param nvramPath the machine's own variables: qcow2, so that internal snapshots include them.
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
  // Otherwise the guest's kernel could bypass the firmware and write the Secure Boot keys.
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
