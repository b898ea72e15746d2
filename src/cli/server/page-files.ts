import { readFileSync, readdirSync } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { extname, join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { RequestRefusedError } from '../../errors/index.ts';
import { unlessMissing } from '../../util/files/unless-missing.ts';
import { answerBytes } from './answers/http-answer.ts';

const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.ico': 'image/x-icon',
  '.woff2': 'font/woff2',
  '.txt': 'text/plain; charset=utf-8',
};
const ENTRY = '/index.html';
const COMPRESSIBLE = /^text\/|svg/;

/** The built page: only files that were there at the beginning, so that no path leads elsewhere. */
export class PageFiles {
  readonly #directory: string;
  readonly #paths: ReadonlySet<string>;
  /** Every browser asks for the same few files. */
  readonly #compressed = new Map<string, Buffer>();

  constructor(directory: string) {
    this.#directory = directory;
    const entries =
      unlessMissing(() => readdirSync(directory, { recursive: true, withFileTypes: true })) ?? [];
    this.#paths = new Set(
      entries
        .filter((entry) => entry.isFile())
        .map((entry) => join(entry.parentPath, entry.name).slice(directory.length)),
    );
  }

  /** Answers with a file; with the page itself for a path without a dot, which is one of the page's own. */
  answer(request: IncomingMessage, response: ServerResponse, path: string): void {
    const wanted = path.includes('.') ? path : ENTRY;
    if (!this.#paths.has(wanted)) throw new RequestRefusedError(404, `no such file: ${path}`);
    // The build names them by their contents.
    if (wanted.startsWith('/assets/')) response.setHeader('cache-control', 'max-age=31536000, immutable');
    const type = TYPES[extname(wanted)] ?? 'application/octet-stream';
    if (!COMPRESSIBLE.test(type)) {
      answerBytes(response, type, this.#read(wanted));
      return;
    }
    response.setHeader('vary', 'accept-encoding');
    if (!acceptsGzip(request)) {
      answerBytes(response, type, this.#read(wanted));
      return;
    }
    response.setHeader('content-encoding', 'gzip');
    answerBytes(response, type, this.#compress(wanted));
  }

  #read(path: string): Buffer {
    return readFileSync(join(this.#directory, path));
  }

  #compress(path: string): Buffer {
    const bytes = this.#compressed.get(path) ?? gzipSync(this.#read(path), { level: 9 });
    this.#compressed.set(path, bytes);
    return bytes;
  }
}

/** Answers of the API stay as they are: lengths of compressed secrets tell something about them. */
function acceptsGzip({ headers }: IncomingMessage): boolean {
  const accepted = (headers['accept-encoding'] ?? '').split(',');
  return accepted.some((one) => /^\s*gzip\s*(;|$)/.test(one) && !/;\s*q=0(\.0*)?\s*$/.test(one));
}
