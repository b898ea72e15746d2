/** A value inside QEMU's comma-separated option syntax, where only the comma is special, and doubled (QEMU's util/keyval.c). */
export function escapeOptionValue(value: string): string {
  return value.replaceAll(',', ',,');
}
