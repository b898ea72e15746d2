/**
 * MAC address of the guest's gateway: the default of newer passt releases, and the same wherever a guest's
 * memory is restored. passt of 2023 would use that of an interface, which the loopback interface lacks.
 */
export const PASST_CARD = '9a:55:9a:55:9a:55';

/**
 * Returns the meaningful lines of passt's output. Without a syslog daemon, as in a container, passt of 2023
 * complains before each of its own lines.
 */
export function withoutSyslogComplaints(lines: readonly string[]): string[] {
  return lines.filter((line) => !/^Failed to send \d+ bytes to syslog/.test(line));
}
