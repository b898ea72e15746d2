/** Where a program points to its help, behind what was wrong: those with getopt, qemu-img. */
const POINTER_TO_HELP = /^(?:Try|See|Use) .*(?:--help|\bhelp\b)/;
/** Of QEMU, about the words that it was started with. */
const DEPRECATION = /warning: .*\bdeprecated\b/;

/** The last line that says what was wrong; any where none does, undefined where there is none. */
export function tellingLine(said: string | readonly string[]): string | undefined {
  const lines = (typeof said === 'string' ? said.split('\n') : said)
    .map((line) => line.trimEnd())
    .filter((line) => line !== '');
  return lines.findLast((line) => !POINTER_TO_HELP.test(line) && !DEPRECATION.test(line)) ?? lines.at(-1);
}
