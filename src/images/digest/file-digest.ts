import { Worker } from 'node:worker_threads';
import { ProcessStartError, isSystemError } from '../../errors/index.ts';
import { withinLimits } from '../../util/time/deadline.ts';
import { packageFile } from '../../util/package-file.ts';
import type { DigestReply, DigestRequest, DigestTask } from './digest-thread.ts';

/** Made by the build: a thread runs no TypeScript. */
const THREAD = packageFile('dist/images/digest/digest-thread.js');
/** Between two messages to the thread. */
const STEP_BYTES = 1024 * 1024;

/**
 * Digests a file in a thread of its own, from its beginning, as far as its owner says that it goes. The owner keeps the
 * descriptor open until `close`.
 */
export class FileDigest {
  readonly #thread: Worker;
  readonly #digest: Promise<string>;
  #failure: Error | undefined;
  #bytes = 0;
  #saidBytes = 0;
  #isWhole = false;
  #onRead: (bytes: number) => void = () => undefined;

  constructor(task: DigestTask) {
    this.#thread = startThread(task);
    this.#digest = new Promise((resolve, reject) => {
      this.#thread.on('message', ({ bytes, hex }: DigestReply) => {
        this.#onRead(bytes);
        if (hex !== undefined) resolve(hex);
      });
      this.#thread.once('error', (error) => reject(asStartFailure(error, task)));
      this.#thread.once('exit', () => reject(new Error(`the thread that digests ${task.path} has ended`)));
    });
    this.#digest.catch((error: unknown) => (this.#failure = error as Error));
  }

  /** So many bytes are there now. @throws what the thread failed with. */
  growTo(bytes: number): void {
    if (this.#failure) throw this.#failure;
    if (this.#isWhole) throw new TypeError('a file that was digested is written on');
    this.#bytes = bytes;
    if (bytes - this.#saidBytes >= STEP_BYTES) this.#say(false);
  }

  /**
   * Of all that is there, in lower-case hexadecimal. Nothing more is to come.
   * @param onRead called with the bytes that were read, while it waits.
   * @throws what the thread failed with, or the signal's reason.
   */
  async digest(
    signal: AbortSignal | undefined,
    onRead: (bytes: number) => void = () => undefined,
  ): Promise<string> {
    this.#onRead = onRead;
    if (!this.#isWhole) this.#say(true);
    this.#isWhole = true;
    return withinLimits('the digest', this.#digest, { signal });
  }

  async close(): Promise<void> {
    await this.#thread.terminate();
  }

  #say(isWhole: boolean): void {
    const request: DigestRequest = { bytes: this.#bytes, isWhole };
    this.#thread.postMessage(request);
    this.#saidBytes = this.#bytes;
  }
}

function startThread(task: DigestTask): Worker {
  try {
    return new Worker(THREAD, {
      workerData: task,
      // A loader that the program was started with is of no use to the thread, and takes its time.
      execArgv: [],
      resourceLimits: { maxYoungGenerationSizeMb: 1 },
    });
  } catch (error) {
    throw asStartFailure(error as Error, task);
  }
}

/** Node throws where there can be no more threads, and has an event where one that was made finds no descriptors. */
function asStartFailure(error: Error, { path }: DigestTask): Error {
  if (!isSystemError(error, 'ERR_WORKER_INIT_FAILED')) return error;
  return new ProcessStartError(`the thread that digests ${path}`, { cause: error });
}
