import * as z from 'zod';
import { parseLossless } from '../../qmp/index.ts';
import { type FollowLogOptions, followLog, readLog } from '../logs/log-file.ts';

const NEWLINE = 0x0a;

/** The longest events of QEMU, those about memory and devices, have a few hundred bytes. */
const LONGEST_LINE = 1024 * 1024;

const loggedEvent = z.looseObject({
  event: z.string(),
  data: z.looseObject({}).optional(),
  timestamp: z.looseObject({ seconds: z.number(), microseconds: z.number() }),
});

/** One QMP event as QEMU sent it; integers beyond 2^53 are bigint. */
export type LoggedEvent = z.infer<typeof loggedEvent>;

/** The events in the keeper's file, and the number of unreadable lines. */
export class EventLog implements AsyncIterable<LoggedEvent> {
  readonly #bytes: AsyncIterable<Buffer> | Iterable<Buffer>;
  #skipped = 0;

  constructor(bytes: AsyncIterable<Buffer> | Iterable<Buffer>) {
    this.#bytes = bytes;
  }

  /**
   * Number of lines that were not an event, such as partial lines left by a full disk or a crash of the host.
   */
  get skipped(): number {
    return this.#skipped;
  }

  /** Can be iterated once. */
  async *[Symbol.asyncIterator](): AsyncGenerator<LoggedEvent, void, undefined> {
    for await (const line of splitLines(this.#bytes)) {
      if (line?.length === 0) continue;
      const event = line && parseEvent(line);
      if (event) yield event;
      else this.#skipped++;
    }
  }
}

/** Returns the recorded events, oldest first. */
export function readEvents(path: string): EventLog {
  return new EventLog(readLog(path));
}

/** Returns the recorded events and follows new ones; `tailLines` counts events. */
export function followEvents(path: string, options: FollowLogOptions = {}): EventLog {
  return new EventLog(followLog(path, options));
}

/** Yields complete lines without their newline, and undefined for a line that is too long. */
async function* splitLines(
  chunks: AsyncIterable<Buffer> | Iterable<Buffer>,
): AsyncGenerator<Buffer | undefined, void, undefined> {
  let partial: Buffer[] = [];
  let length = 0;
  for await (const chunk of chunks) {
    let start = 0;
    for (let end = chunk.indexOf(NEWLINE); end >= 0; end = chunk.indexOf(NEWLINE, start)) {
      partial.push(chunk.subarray(start, end));
      yield length + end - start > LONGEST_LINE ? undefined : Buffer.concat(partial);
      partial = [];
      length = 0;
      start = end + 1;
    }
    length += chunk.length - start;
    if (length > LONGEST_LINE) partial = [];
    else partial.push(chunk.subarray(start));
  }
}

function parseEvent(line: Buffer): LoggedEvent | undefined {
  try {
    return loggedEvent.safeParse(parseLossless(line.toString('utf8'))).data;
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}
