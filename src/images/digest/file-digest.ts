import { Worker } from 'node:worker_threads';
import { ProcessStartError, isSystemError } from '../../errors/index.ts';
import { withinLimits } from '../../util/time/deadline.ts';
import { packageFile } from '../../util/package-file.ts';
import type { DigestReply, DigestRequest, DigestTask } from './digest-thread.ts';

/** Compiled by the build, because worker threads cannot run TypeScript. */
const THREAD = packageFile('dist/images/digest/digest-thread.js');
/** How much a file grows between two messages to the thread. */
const STEP_BYTES = 1024 * 1024;

/**
 * Digests a growing file from its beginning, in a thread of its own. The caller reports its size with `growTo`, and
 * keeps the descriptor open until `close`.
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
      this.#thread.once('exit', () =>
        reject(new Error(`the thread that computes the checksum of ${task.path} exited early`)),
      );
    });
    this.#digest.catch((error: unknown) => (this.#failure = error as Error));
  }

  /** Reports the current size of the file. @throws the error of the thread. */
  growTo(bytes: number): void {
    if (this.#failure) throw this.#failure;
    if (this.#isWhole) throw new TypeError('a file grew after its checksum was computed');
    this.#bytes = bytes;
    if (bytes - this.#saidBytes >= STEP_BYTES) this.#say(false);
  }

  /**
   * Returns the digest of the complete file in lower-case hexadecimal. The file must not grow afterwards.
   * @param onRead called with the number of bytes read so far.
   * @throws the error of the thread, or the signal's reason.
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
      // The thread does not need the program's module loaders, which are slow to start.
      execArgv: [],
      resourceLimits: { maxYoungGenerationSizeMb: 1 },
    });
  } catch (error) {
    throw asStartFailure(error as Error, task);
  }
}

/** Node throws when it cannot create a thread, and emits an event when a new thread cannot open descriptors. */
function asStartFailure(error: Error, { path }: DigestTask): Error {
  if (!isSystemError(error, 'ERR_WORKER_INIT_FAILED')) return error;
  return new ProcessStartError(`the thread that computes the checksum of ${path}`, { cause: error });
}
