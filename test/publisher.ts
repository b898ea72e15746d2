import { createHash } from 'node:crypto';
import { createReadStream, statSync } from 'node:fs';
import { type Server, createServer } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';

interface PublishedFile {
  /** The published contents, or the path of a file with them. */
  readonly content: Buffer | string;
  readonly bytes: number;
  readonly etag: string;
  readonly contentType: string;
}

/** A web server on loopback whose files a test publishes, replaces and removes, and that counts requests. */
export class Publisher implements AsyncDisposable {
  readonly #files = new Map<string, PublishedFile>();
  readonly requests: string[] = [];
  /** Called before an answer is sent. */
  beforeAnswer: (path: string, method: string | undefined) => Promise<void> | void = () => undefined;
  readonly #server: Server;

  static async start(): Promise<Publisher> {
    const publisher = new Publisher();
    publisher.#server.listen(0, '127.0.0.1');
    await once(publisher.#server, 'listening');
    return publisher;
  }

  private constructor() {
    this.#server = createServer((request, response) => {
      const path = decodeURIComponent(request.url ?? '/');
      this.requests.push(path);
      void (async () => {
        await this.beforeAnswer(path, request.method);
        const file = this.#files.get(path);
        if (!file) {
          response.writeHead(404, { 'content-type': 'text/html' }).end('<html>not here</html>');
          return;
        }
        response.writeHead(200, {
          'content-type': file.contentType,
          'content-length': file.bytes,
          etag: file.etag,
        });
        if (typeof file.content === 'string') createReadStream(file.content).pipe(response);
        else response.end(file.content);
      })();
    });
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  publish(path: string, text: Buffer | string, contentType = 'application/octet-stream'): void {
    const content = Buffer.from(text);
    this.#files.set(path, {
      content,
      bytes: content.length,
      etag: `"${sha256(content).slice(0, 16)}"`,
      contentType,
    });
  }

  publishFile(path: string, file: string): void {
    const { size, mtimeMs } = statSync(file);
    this.#files.set(path, {
      content: file,
      bytes: size,
      etag: `"${size}-${mtimeMs}"`,
      contentType: 'application/octet-stream',
    });
  }

  withdraw(path: string): void {
    this.#files.delete(path);
  }

  /** The number of requests for a file. */
  count(path: string): number {
    return this.requests.filter((asked) => asked === path).length;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (!this.#server.listening) return;
    this.#server.close();
    this.#server.closeAllConnections();
    await once(this.#server, 'close');
  }
}

export function sha256(data: Buffer): string {
  return createHash('sha256').update(data).digest('hex');
}

/** An entry of the catalogue for `/web/web.qcow2`, whose digest is in a list beside it. */
export function webEntry({ url }: Publisher) {
  return {
    description: 'a web server',
    aliases: ['web:latest'],
    user: 'someone',
    firmware: 'bios',
    provisioner: 'cloud-init',
    format: 'qcow2',
    architectures: { x86_64: 'amd64' },
    url: `${url}/web/web.qcow2`,
    digest: { url: `${url}/web/SHA256SUMS`, form: 'list', algorithm: 'sha256' },
  };
}
