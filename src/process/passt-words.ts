/**
 * What passt prints and means. Where no syslog listens, as in a container, passt of 2023 complains of that before each
 * line of its own.
 */
export function withoutSyslogComplaints(lines: readonly string[]): string[] {
  return lines.filter((line) => !/^Failed to send \d+ bytes to syslog/.test(line));
}
