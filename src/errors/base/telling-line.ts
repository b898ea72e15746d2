/** A pointer to the help after an error, as getopt and qemu-img print it. */
const POINTER_TO_HELP = /^(?:Try|See|Use) .*(?:--help|\bhelp\b)/;
/** A warning of QEMU about deprecated options. */
const DEPRECATION = /warning: .*\bdeprecated\b/;

/** Returns the last line that explains a failure, or the last line of any kind; undefined when there is none. */
export function tellingLine(said: string | readonly string[]): string | undefined {
  const lines = (typeof said === 'string' ? said.split('\n') : said)
    .map((line) => line.trimEnd())
    .filter((line) => line !== '');
  return lines.findLast((line) => !POINTER_TO_HELP.test(line) && !DEPRECATION.test(line)) ?? lines.at(-1);
}
