/** The thread that digests a file while it is written. It reads data that is still in the page cache. */
import { createHash } from 'node:crypto';
import { readSync } from 'node:fs';
import { parentPort, workerData } from 'node:worker_threads';
import type { ExpectedDigest } from './digest.ts';

/** The task of the thread. */
export interface DigestTask {
  /** Shown in error messages. */
  readonly path: string;
  /** A readable descriptor, which the owner of the thread keeps open. */
  readonly descriptor: number;
  readonly algorithm: ExpectedDigest['algorithm'];
}

/** Tells the thread how many bytes there are, and whether the file is complete. */
export interface DigestRequest {
  readonly bytes: number;
  readonly isWhole: boolean;
}

/** Reports how many bytes were read so far, and finally the digest. */
export interface DigestReply {
  readonly bytes: number;
  readonly hex: string | undefined;
}

const owner = parentPort;
if (!owner) throw new TypeError('this file must run in a worker thread');
const { path, descriptor, algorithm } = workerData as DigestTask;

/** Small enough to stay in the processor's cache until it is digested. */
const buffer = Buffer.alloc(256 * 1024);
const REPORT_BYTES = 16 * 1024 * 1024;
const hash = createHash(algorithm);
let done = 0;

owner.on('message', ({ bytes, isWhole }: DigestRequest) => {
  while (done < bytes) {
    const length = readSync(descriptor, buffer, 0, Math.min(buffer.length, bytes - done), done);
    if (length === 0) throw new Error(`${path} was truncated while its checksum was computed`);
    hash.update(buffer.subarray(0, length));
    const isReported = Math.floor(done / REPORT_BYTES) < Math.floor((done + length) / REPORT_BYTES);
    done += length;
    if (isReported) reply(undefined);
  }
  if (!isWhole) return;
  reply(hash.digest('hex'));
  owner.close();
});

function reply(hex: string | undefined): void {
  const message: DigestReply = { bytes: done, hex };
  owner?.postMessage(message);
}
