/**
 * What the guest has as its gateway's hardware address: the one that newer releases take by themselves, and the same
 * wherever a guest's memory is restored. passt of 2023 would take that of an interface, which the loopback lacks.
 */
export const PASST_CARD = '9a:55:9a:55:9a:55';

/**
 * What passt prints and means. Where no syslog listens, as in a container, passt of 2023 complains of that before each
 * line of its own.
 */
export function withoutSyslogComplaints(lines: readonly string[]): string[] {
  return lines.filter((line) => !/^Failed to send \d+ bytes to syslog/.test(line));
}
