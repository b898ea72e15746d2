const NEWLINE = 0x0a;

/**
 * Returns at most the last N lines of a log before the first output of a console, so that no byte is repeated or out of
 * order. By now the log may have much more than that output, which the guest prints faster than it is read.
 * @param held the first output; the keeper has written it to the log before.
 * @param readTail returns the last N lines of the log.
 */
export function scrollBackBefore(held: Buffer, lines: number, readTail: (lines: number) => Buffer): Buffer {
  if (lines === 0 || held.length === 0) return readTail(lines);
  for (let [count, length] = [2 * lines, -1]; ; count *= 2) {
    const log = readTail(count);
    const at = log.lastIndexOf(held);
    const isWhole = log.length === length;
    const shown = lastLines(log.subarray(0, Math.max(at, 0)), lines);
    // Its first line may begin before the part of the log that was read.
    if (isWhole || shown.length < at) return shown;
    length = log.length;
  }
}

/** An incomplete line counts. */
function lastLines(text: Buffer, lines: number): Buffer {
  let at = text.at(-1) === NEWLINE ? text.length - 1 : text.length;
  for (let left = lines; left > 0 && at !== -1; left--) at = text.subarray(0, at).lastIndexOf(NEWLINE);
  return text.subarray(at + 1);
}
