import { JsonObjectScanner } from './framing.ts';
import { type JsonObject, formatLossless } from './lossless-json.ts';

/** A message sent or received on a monitor. */
export interface TracedMessage {
  /** Milliseconds since 1970 on this host's clock. */
  readonly timeMs: number;
  readonly direction: 'sent' | 'received';
  /** Without passwords and keys in the arguments of QEMU commands. */
  readonly message: JsonObject;
}

export interface TraceLimits {
  /** Maximum number of sent messages and reads from the monitor together. */
  readonly entries: number;
  /** Their maximum size in bytes; a larger one is left out. */
  readonly bytes: number;
}

interface Entry {
  readonly timeMs: number;
  readonly direction: TracedMessage['direction'];
  readonly content: string | Buffer;
}

const DEFAULT_LIMITS: TraceLimits = { entries: 4000, bytes: 1024 * 1024 };
/** Number of entries removed from the front at once: shifting them one by one would be slow. */
const SHIFT = 512;
const NEWLINE = 0x0a;

/**
 * The most recent traffic of a monitor, in both directions. It stores sent messages and received bytes
 * unchanged and parses them only on request, so that recording costs no more than appending to a list.
 */
export class QmpTrace {
  readonly #limits: TraceLimits;
  #entries: Entry[] = [];
  #first = 0;
  #bytes = 0;
  #dropped = 0;
  /** True when the stored bytes begin within a message. */
  #beginsCut = false;

  constructor(limits: Partial<TraceLimits> = {}) {
    this.#limits = { ...DEFAULT_LIMITS, ...limits };
  }

  /** Number of entries that were discarded. */
  get dropped(): number {
    return this.#dropped;
  }

  /** @internal A whole message that is sent, or bytes that were received. */
  record(direction: TracedMessage['direction'], content: string | Buffer): void {
    this.#entries.push({ timeMs: Date.now(), direction, content });
    this.#bytes += content.length;
    const { entries, bytes } = this.#limits;
    while (this.#entries.length - this.#first > entries || this.#bytes > bytes) this.#dropFirst();
  }

  /** Returns the complete messages, oldest first; the time is that of the last byte. */
  messages(): TracedMessage[] {
    const found: TracedMessage[] = [];
    let entry: Entry | undefined;
    const sink = {
      object: (message: JsonObject): void => {
        if (entry) found.push({ ...pick(entry), message: withoutSecrets(message) });
      },
      // The error of the broken connection reports this.
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

  /** Returns one line of JSON for each message: `time` (ISO 8601), `direction` and `message`. */
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
