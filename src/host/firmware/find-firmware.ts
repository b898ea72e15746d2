import { type Firmware, type UefiKind, chooseFirmware } from './firmware.ts';
import { firmwareDirectories, readFirmwareDescriptors } from './firmware-descriptor.ts';

/**
 * Finds the host's firmware for a new machine.
 * @throws FirmwareNotFoundError
 */
export async function findFirmware(
  kind: UefiKind,
  environment: Readonly<Record<string, string | undefined>>,
  home: string,
): Promise<Firmware> {
  const descriptors = await readFirmwareDescriptors(firmwareDirectories(environment, home));
  return chooseFirmware(descriptors, kind, { architecture: 'x86_64', machine: 'q35' });
}
