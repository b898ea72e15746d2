import { parseDiskSize } from '../../images/qemu-img/disk-size.ts';

/** Parses the space for all kept guests, such as `20G`; 0 keeps none. @throws InvalidInputError */
export function parseKeptSize(text: string, field: string): number {
  return text === '0' ? 0 : parseDiskSize(text, field);
}
