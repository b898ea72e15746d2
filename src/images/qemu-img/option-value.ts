/**
 * Escapes a value for QEMU's comma-separated option syntax: only the comma is special, and is doubled (QEMU's
 * util/keyval.c).
 */
export function escapeOptionValue(value: string): string {
  return value.replaceAll(',', ',,');
}
