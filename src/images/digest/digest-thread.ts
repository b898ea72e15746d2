/** The thread that digests a file behind whoever writes it. It reads what is in the page cache still. */
import { createHash } from 'node:crypto';
import { readSync } from 'node:fs';
import { parentPort, workerData } from 'node:worker_threads';
import type { ExpectedDigest } from './digest.ts';

/** What the thread is to digest. */
export interface DigestTask {
  /** For its messages. */
  readonly path: string;
  /** A descriptor that can be read, of the thread's owner. */
  readonly descriptor: number;
  readonly algorithm: ExpectedDigest['algorithm'];
}

/** Its owner says how many bytes there are, and whether they are all. */
export interface DigestRequest {
  readonly bytes: number;
  readonly isWhole: boolean;
}

/** The thread says from time to time how many bytes it has read, and in the end the digest. */
export interface DigestReply {
  readonly bytes: number;
  readonly hex: string | undefined;
}

const owner = parentPort;
if (!owner) throw new TypeError('this is the code of a thread');
const { path, descriptor, algorithm } = workerData as DigestTask;

/** Small enough to be in the processor's cache still when it is digested. */
const buffer = Buffer.alloc(256 * 1024);
const REPORT_BYTES = 16 * 1024 * 1024;
const hash = createHash(algorithm);
let done = 0;

owner.on('message', ({ bytes, isWhole }: DigestRequest) => {
  while (done < bytes) {
    const length = readSync(descriptor, buffer, 0, Math.min(buffer.length, bytes - done), done);
    if (length === 0) throw new Error(`${path} has become shorter while it was digested`);
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
