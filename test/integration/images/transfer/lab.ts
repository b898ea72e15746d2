import { createHash, randomBytes } from 'node:crypto';
import { mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach } from 'vitest';
import { type FileServer, serveDirectory } from '../../../../fixtures/http/server.ts';
import { type DownloadOptions, download } from '../../../../src/images/transfer/download.ts';
import type { DownloadedFile } from '../../../../src/images/transfer/result.ts';
import { Scope } from '../../../../src/util/scope.ts';
import { directoryIn, makeTemporaryDirectory } from '../../../directory.ts';

/** Long time limits for a busy host, and no delay between two attempts. */
const LIMITS = { headMs: 10_000, idleMs: 10_000, attempts: 3, backoffMs: 1, backoffMaxMs: 1000 };

/** A served directory, and one to download into. */
export class TransferLab {
  readonly server: FileServer;
  readonly served: string;
  readonly place: string;
  readonly partials: string;

  private constructor(server: FileServer, served: string, directory: string) {
    this.server = server;
    this.served = served;
    this.place = directoryIn(directory, 'place');
    this.partials = join(this.place, 'partials');
  }

  static async open(scope: Scope): Promise<TransferLab> {
    const { path, remove } = makeTemporaryDirectory();
    scope.defer(remove);
    const served = join(path, 'served');
    mkdirSync(served);
    return new TransferLab(await serveDirectory(served, scope), served, path);
  }

  get to(): string {
    return join(this.place, 'file');
  }

  /** Removes all downloads. */
  clear(): void {
    rmSync(this.place, { recursive: true, force: true });
    mkdirSync(this.place);
  }

  /** Serves a file. */
  put(name: string, content: Buffer): Buffer {
    writeFileSync(join(this.served, name), content);
    return content;
  }

  async download(path: string, options: Partial<DownloadOptions> = {}): Promise<DownloadedFile> {
    await using scope = new Scope();
    return await download(
      {
        url: `${this.server.url}/${path}`,
        to: this.to,
        partials: this.partials,
        reserveBytes: 0,
        ...options,
        limits: { ...LIMITS, ...options.limits },
      },
      scope,
    );
  }

  /** All file names, published or not. */
  left(): string[] {
    return readdirSync(this.place, { recursive: true, encoding: 'utf8' })
      .filter((name) => name !== 'partials')
      .sort();
  }
}

/** Bytes that cannot be compressed. */
export function noise(bytes: number): Buffer {
  return randomBytes(bytes);
}

export function digestOf(content: Buffer, algorithm: 'sha256' | 'sha512' = 'sha256') {
  return { algorithm, hex: createHash(algorithm).update(content).digest('hex') };
}

/** A lab that serves one file of this many bytes; it is cleared after each test and closed after all. */
export async function labWithFile(
  name: string,
  bytes: number,
): Promise<{ lab: TransferLab; content: Buffer }> {
  const scope = new Scope();
  afterEach(() => lab.clear());
  afterAll(async () => scope.close());
  const lab = await TransferLab.open(scope);
  return { lab, content: lab.put(name, noise(bytes)) };
}
