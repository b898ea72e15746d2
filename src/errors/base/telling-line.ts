/** A pointer to the help after an error, as getopt and qemu-img print it. */
const POINTER_TO_HELP = /^(?:Try|See|Use) .*(?:--help|\bhelp\b)/;
/** The last line of GNU tar, whatever has failed before. */
const TAR_FAILED = /^(?:\/\S*\/)?tar: (?:Exiting with failure status|Error is not recoverable)/;
/** A warning of QEMU about deprecated options. */
const DEPRECATION = /warning: .*\bdeprecated\b/;

/** Returns the last line that explains a failure, or the last line of any kind; undefined when there is none. */
export function tellingLine(said: string | readonly string[]): string | undefined {
  const lines = (typeof said === 'string' ? said.split('\n') : said)
    .map((line) => line.trimEnd())
    .filter((line) => line !== '');
  const ignored = [POINTER_TO_HELP, DEPRECATION, TAR_FAILED];
  return lines.findLast((line) => !ignored.some((pattern) => pattern.test(line))) ?? lines.at(-1);
}
