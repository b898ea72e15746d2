import { JsonObjectScanner } from './framing.ts';
import { type JsonObject, formatLossless } from './lossless-json.ts';

/** A message that went over a monitor. */
export interface TracedMessage {
  /** Milliseconds since 1970 on this host's clock. */
  readonly timeMs: number;
  readonly direction: 'sent' | 'received';
  /** Without the passwords and keys that commands of QEMU's have members for. */
  readonly message: JsonObject;
}

export interface TraceLimits {
  /** Messages sent and reads from the monitor that are kept, together. */
  readonly entries: number;
  /** Bytes of them; one that is longer is left out. */
  readonly bytes: number;
}

interface Entry {
  readonly timeMs: number;
  readonly direction: TracedMessage['direction'];
  readonly content: string | Buffer;
}

const DEFAULT_LIMITS: TraceLimits = { entries: 4000, bytes: 1024 * 1024 };
/** How many entries at the front are let go of at once: shifting each from an array would be slow. */
const SHIFT = 512;
const NEWLINE = 0x0a;

/**
 * The last that went over a monitor, both ways. It keeps messages sent and bytes received as they are and takes them
 * apart only when it is asked, so that it costs no more than a list's push while nobody does.
 */
export class QmpTrace {
  readonly #limits: TraceLimits;
  #entries: Entry[] = [];
  #first = 0;
  #bytes = 0;
  #dropped = 0;
  /** What is kept of the received bytes begins within a message. */
  #beginsCut = false;

  constructor(limits: Partial<TraceLimits> = {}) {
    this.#limits = { ...DEFAULT_LIMITS, ...limits };
  }

  /** Entries that have made room for others. */
  get dropped(): number {
    return this.#dropped;
  }

  /** @internal A whole message that is sent, or bytes that came. */
  record(direction: TracedMessage['direction'], content: string | Buffer): void {
    this.#entries.push({ timeMs: Date.now(), direction, content });
    this.#bytes += content.length;
    const { entries, bytes } = this.#limits;
    while (this.#entries.length - this.#first > entries || this.#bytes > bytes) this.#dropFirst();
  }

  /** The messages that are kept whole, oldest first; the time is that at which the last byte came. */
  messages(): TracedMessage[] {
    const found: TracedMessage[] = [];
    let entry: Entry | undefined;
    const sink = {
      object: (message: JsonObject): void => {
        if (entry) found.push({ ...pick(entry), message: withoutSecrets(message) });
      },
      // The connection has broken off for it, which its error tells.
      garbage: (): void => undefined,
    };
    const scanners = { sent: new JsonObjectScanner(sink), received: new JsonObjectScanner(sink) };
    let skipsToNewline = this.#beginsCut;
    for (entry of this.#entries.slice(this.#first)) {
      let bytes = Buffer.from(entry.content);
      if (skipsToNewline && entry.direction === 'received') {
        const newline = bytes.indexOf(NEWLINE);
        skipsToNewline = newline === -1;
        bytes = newline === -1 ? Buffer.alloc(0) : bytes.subarray(newline + 1);
      }
      scanners[entry.direction].push(bytes);
    }
    return found;
  }

  /** One line of JSON a message: `time` (ISO 8601), `direction` and `message`. */
  toJsonLines(): string {
    const line = ({ timeMs, direction, message }: TracedMessage): string =>
      `${formatLossless({ time: new Date(timeMs).toISOString(), direction, message })}\n`;
    return this.messages().map(line).join('');
  }

  #dropFirst(): void {
    const dropped = this.#entries[this.#first++];
    if (!dropped) return;
    const { direction, content } = dropped;
    this.#bytes -= content.length;
    this.#dropped++;
    if (direction === 'received') this.#beginsCut = Buffer.from(content).at(-1) !== NEWLINE;
    if (this.#first < SHIFT && this.#first < this.#entries.length) return;
    this.#entries = this.#entries.slice(this.#first);
    this.#first = 0;
  }
}

function pick({ timeMs, direction }: Entry): Pick<TracedMessage, 'timeMs' | 'direction'> {
  return { timeMs, direction };
}

/** `set_password` and its like have `password`; `object-add` of a secret has `data`. */
function withoutSecrets(message: JsonObject): JsonObject {
  const args = message['arguments'];
  if (typeof args !== 'object' || args === null) return message;
  const hidden = new Set(['password', ...('qom-type' in args ? ['data'] : [])]);
  const kept = Object.entries(args).map(([name, value]: [string, unknown]) => [
    name,
    hidden.has(name) ? '(left out)' : value,
  ]);
  return { ...message, arguments: Object.fromEntries(kept) as JsonObject };
}
