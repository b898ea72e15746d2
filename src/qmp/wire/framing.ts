import { type JsonObject, parseLossless } from './lossless-json.ts';

export interface FrameSink {
  /** One complete JSON object. */
  object(value: JsonObject): void;
  /** Bytes that are not part of a JSON object; `excerpt` is their printable beginning. */
  garbage(problem: string, excerpt: string): void;
}

export interface FrameLimits {
  /** Bytes of one object at most. */
  readonly maxBytes: number;
  /** Nesting at most; QEMU's own parser stops at 1024. */
  readonly maxDepth: number;
}

const DEFAULT_LIMITS: FrameLimits = { maxBytes: 64 * 1024 * 1024, maxDepth: 1024 };
const EXCERPT_BYTES = 80;

const TAB = 0x09;
const NEWLINE = 0x0a;
const RETURN = 0x0d;
const SPACE = 0x20;
const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const OPEN = 0x7b;
const CLOSE = 0x7d;

/**
 * Finds the JSON objects in a byte stream, however it is cut and laid out. QEMU ends each object with CRLF and
 * keeps it on one line, unless the monitor has pretty=on; nothing here depends on either. All structural
 * characters are ASCII, so bytes of a split UTF-8 character need no care until the object is whole.
 *
 * After garbage it starts anew behind the next line break.
 */
export class JsonObjectScanner {
  readonly #sink: FrameSink;
  readonly #limits: FrameLimits;
  /** Earlier chunks of an object that is not complete. */
  #parts: Buffer[] = [];
  #partBytes = 0;
  #depth = 0;
  #inString = false;
  #escaped = false;
  #skippingLine = false;

  constructor(sink: FrameSink, limits: Partial<FrameLimits> = {}) {
    this.#sink = sink;
    this.#limits = { ...DEFAULT_LIMITS, ...limits };
  }

  push(chunk: Buffer): void {
    let at = 0;
    let scannedTo = 0;
    while (at < chunk.length) {
      if (this.#depth === 0 && !this.#skippingLine && at >= scannedTo) {
        const newline = chunk.indexOf(NEWLINE, at);
        if (newline !== -1 && this.#takeLine(chunk, at, newline)) {
          at = newline + 1;
          continue;
        }
        // Not one object on one line: go byte by byte to its end before trying again.
        scannedTo = newline === -1 ? chunk.length : newline + 1;
      }
      at = this.#scan(chunk, at);
    }
  }

  /** Forgets an unfinished object. */
  reset(): void {
    this.#parts = [];
    this.#partBytes = 0;
    this.#depth = 0;
    this.#inString = false;
    this.#escaped = false;
    this.#skippingLine = false;
  }

  /** The common case, one object on one line, at the speed of JSON.parse. */
  #takeLine(chunk: Buffer, start: number, newline: number): boolean {
    const end = chunk[newline - 1] === RETURN ? newline - 1 : newline;
    if (chunk[start] !== OPEN || chunk[end - 1] !== CLOSE || end - start > this.#limits.maxBytes)
      return false;
    let value: JsonObject;
    try {
      value = parseLossless(chunk.toString('utf8', start, end)) as JsonObject;
    } catch {
      // The scanner decides whether this is garbage, two objects, or the first line of a longer one.
      return false;
    }
    this.#sink.object(value);
    return true;
  }

  /** Goes on until one object ends or garbage begins; returns the index behind it. */
  #scan(chunk: Buffer, start: number): number {
    let begin = start;
    for (let at = start; at < chunk.length; at++) {
      const byte = chunk[at];
      if (this.#skippingLine) {
        if (byte !== NEWLINE) continue;
        this.#skippingLine = false;
        return at + 1;
      }
      if (this.#depth === 0) {
        if (byte === SPACE || byte === TAB || byte === RETURN || byte === NEWLINE) continue;
        if (byte !== OPEN) return this.#giveUp('not a JSON object', chunk, at, at);
        begin = at;
        this.#depth = 1;
      } else if (this.#inString) {
        if (this.#escaped) this.#escaped = false;
        else if (byte === BACKSLASH) this.#escaped = true;
        else if (byte === QUOTE) this.#inString = false;
        // JSON has no line break inside a string: this one was cut off.
        else if (byte === NEWLINE) return this.#giveUp('a string that does not end', chunk, begin, at);
      } else if (byte === QUOTE) this.#inString = true;
      else if (byte === OPEN) {
        this.#depth++;
        if (this.#depth > this.#limits.maxDepth) return this.#giveUp('too deep', chunk, begin, at);
      } else if (byte === CLOSE && --this.#depth === 0) {
        this.#complete(chunk.subarray(begin, at + 1));
        return at + 1;
      }
    }
    if (this.#depth > 0) {
      if (this.#partBytes + chunk.length - begin > this.#limits.maxBytes) {
        return this.#giveUp('too long', chunk, begin, begin);
      }
      this.#parts.push(chunk.subarray(begin));
      this.#partBytes += chunk.length - begin;
    }
    return chunk.length;
  }

  #complete(last: Buffer): void {
    const bytes = this.#parts.length === 0 ? last : Buffer.concat([...this.#parts, last]);
    this.reset();
    if (bytes.length > this.#limits.maxBytes) {
      this.#sink.garbage('too long', excerpt(bytes));
      return;
    }
    let value: JsonObject;
    try {
      value = parseLossless(bytes.toString('utf8')) as JsonObject;
    } catch (error) {
      this.#sink.garbage(error instanceof Error ? error.message : 'not JSON', excerpt(bytes));
      return;
    }
    this.#sink.object(value);
  }

  #giveUp(problem: string, chunk: Buffer, begin: number, resumeAt: number): number {
    const beginning = this.#parts[0] ?? chunk.subarray(begin);
    this.reset();
    this.#skippingLine = true;
    this.#sink.garbage(problem, excerpt(beginning));
    return resumeAt;
  }
}

function excerpt(bytes: Buffer): string {
  const text = bytes.subarray(0, EXCERPT_BYTES).toString('latin1').trimEnd();
  return JSON.stringify(text).slice(1, -1) + (bytes.length > EXCERPT_BYTES ? '…' : '');
}
