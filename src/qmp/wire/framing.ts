import { JsonGrammar, isSpace } from './json-grammar.ts';
import { type JsonObject, parseLossless } from './lossless-json.ts';

export interface FrameSink {
  /** Called with one complete JSON object and its size in bytes. */
  object(value: JsonObject, bytes: number): void;
  /** Called for bytes that are not part of a JSON object; `excerpt` is their printable beginning. */
  garbage(problem: string, excerpt: string): void;
}

export interface FrameLimits {
  /** Maximum size of one object in bytes. */
  readonly maxBytes: number;
  /** Maximum nesting depth; QEMU's own parser stops at 1024. */
  readonly maxDepth: number;
}

const DEFAULT_LIMITS: FrameLimits = { maxBytes: 64 * 1024 * 1024, maxDepth: 1024 };
const EXCERPT_BYTES = 80;

const NEWLINE = 0x0a;
const RETURN = 0x0d;
const OPEN = 0x7b;

/**
 * Finds the JSON objects in a byte stream, regardless of chunks and white space. QEMU ends each object with
 * CRLF and keeps it on one line, unless the monitor has pretty=on; this depends on neither. All structural
 * characters are ASCII, so split UTF-8 characters need no care until the object is complete.
 *
 * Garbage is reported at the first invalid byte. After it, the next object may start after the next line
 * break.
 */
export class JsonObjectScanner {
  readonly #sink: FrameSink;
  readonly #limits: FrameLimits;
  /** Earlier chunks of an incomplete object. */
  #parts: Buffer[] = [];
  #partBytes = 0;
  readonly #grammar = new JsonGrammar();
  #skippingLine = false;

  constructor(sink: FrameSink, limits: Partial<FrameLimits> = {}) {
    this.#sink = sink;
    this.#limits = { ...DEFAULT_LIMITS, ...limits };
  }

  push(chunk: Buffer): void {
    for (let at = 0; at < chunk.length; at = this.#scan(chunk, at));
  }

  /** Discards an unfinished object. */
  reset(): void {
    this.#parts = [];
    this.#partBytes = 0;
    this.#grammar.reset();
    this.#skippingLine = false;
  }

  /** Scans until an object ends or garbage begins; returns the index after it. */
  #scan(chunk: Buffer, start: number): number {
    let begin = start;
    for (let at = start; at < chunk.length; at++) {
      const byte = chunk[at] as number;
      if (this.#skippingLine) {
        if (byte !== NEWLINE) continue;
        this.#skippingLine = false;
        return at + 1;
      }
      if (this.#grammar.depth === 0) {
        if (isSpace(byte)) continue;
        if (byte !== OPEN) return this.#giveUp('data that is not a JSON object', chunk, at, at);
        begin = at;
      }
      const inString = this.#grammar.inString;
      if (!this.#grammar.accept(byte)) {
        const place = this.#partBytes + at - begin + 1;
        const problem =
          inString && (byte === NEWLINE || byte === RETURN)
            ? 'an unterminated string'
            : `invalid JSON at byte ${place}`;
        return this.#giveUp(problem, chunk, begin, at);
      }
      if (this.#grammar.depth > this.#limits.maxDepth)
        return this.#giveUp('an object that is nested too deeply', chunk, begin, at);
      if (this.#grammar.depth === 0) {
        this.#complete(chunk.subarray(begin, at + 1));
        return at + 1;
      }
    }
    if (this.#grammar.depth > 0) {
      if (this.#partBytes + chunk.length - begin > this.#limits.maxBytes) {
        return this.#giveUp('an object that is too long', chunk, begin, begin);
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
      this.#sink.garbage('an object that is too long', excerpt(bytes));
      return;
    }
    // The grammar has accepted it, so it is JSON.
    this.#sink.object(parseLossless(bytes.toString('utf8')) as JsonObject, bytes.length);
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
