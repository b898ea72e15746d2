/** A part of a command's output. */
export interface OutputPart {
  /** Milliseconds since 1970; undefined for a line that the keeper did not write as a whole. */
  readonly time: number | undefined;
  readonly stream: 'stdout' | 'stderr';
  /** A line with its newline, or a part of one. */
  readonly bytes: Buffer;
}

const NEWLINE = 0x0a;
const SPACE = 0x20;
/** A line of the log has at most 32 KiB of output. */
const LONGEST_LINE = 64 * 1024;

/**
 * Splits a log of the keeper's (native/keeper/command/output_log.c) into the output it was made of. The format is that of
 * podman's and Kubernetes' log files: `TIME stdout|stderr F|P TEXT`, where P is a part without a newline.
 */
export class OutputLogReader {
  #rest: Buffer = Buffer.alloc(0);

  /** Returns the parts that the log's next bytes complete. */
  push(piece: Buffer): OutputPart[] {
    const bytes = this.#rest.length === 0 ? piece : Buffer.concat([this.#rest, piece]);
    const parts: OutputPart[] = [];
    let start = 0;
    for (let end = bytes.indexOf(NEWLINE); end >= 0; end = bytes.indexOf(NEWLINE, start)) {
      parts.push(parse(bytes.subarray(start, end)));
      start = end + 1;
    }
    this.#rest = Buffer.from(bytes.subarray(start));
    if (this.#rest.length <= LONGEST_LINE) return parts;
    parts.push(parse(this.#rest));
    this.#rest = Buffer.alloc(0);
    return parts;
  }
}

/** A line that was cut off by a full disk is passed on as it is. */
function parse(line: Buffer): OutputPart {
  const [time, stream, kind, start] = header(line);
  if (Number.isNaN(time) || (stream !== 'stdout' && stream !== 'stderr') || (kind !== 'F' && kind !== 'P')) {
    return { time: undefined, stream: 'stdout', bytes: Buffer.concat([line, Buffer.from('\n')]) };
  }
  const text = line.subarray(start);
  return { time, stream, bytes: kind === 'F' ? Buffer.concat([text, Buffer.from('\n')]) : text };
}

function header(line: Buffer): [time: number, stream: string, kind: string, start: number] {
  const first = line.indexOf(SPACE);
  const second = line.indexOf(SPACE, first + 1);
  const third = line.indexOf(SPACE, second + 1);
  if (first < 0 || second < 0 || third < 0) return [Number.NaN, '', '', 0];
  const word = (from: number, to: number): string => line.toString('latin1', from, to);
  return [Date.parse(word(0, first)), word(first + 1, second), word(second + 1, third), third + 1];
}
