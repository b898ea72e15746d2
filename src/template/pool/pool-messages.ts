import type { Socket } from 'node:net';
import * as z from 'zod';
import { GuestClosedError, PoolFailedError, TemplateStaleError, VmletError } from '../../errors/index.ts';

const CHECK_POOL = 'check that the pool is still running: vmlet pool ls';

/**
 * Each side sends one line of JSON. After the answer to `take`, the connection is one to the agent of a guest, which ends
 * with it.
 */
export const requestSchema = z.object({ version: z.literal(1), request: z.enum(['take', 'status', 'end']) });

export const answerSchema = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('guest'), guest: z.string() }),
  z.object({ kind: z.literal('status'), waiting: z.int(), taken: z.int() }),
  z.object({ kind: z.literal('failed'), message: z.string(), hint: z.string().optional() }),
]);

export type Answer = z.infer<typeof answerSchema>;

const LONGEST_LINE = 16 * 1024;
const NEWLINE = 10;

export function lineOf(message: z.infer<typeof requestSchema> | Answer): string {
  return `${JSON.stringify(message)}\n`;
}

/** Returns the answer to a client that gets no guest. */
export function failureOf(pool: string, error: Error): Answer {
  if (error instanceof TemplateStaleError) {
    // The template of a pool of an image has no name, and that of another pool cannot be replaced before its end.
    return {
      kind: 'failed',
      message: `its template is stale: ${error.differences.join('; ')}`,
      hint: `run: vmlet pool rm ${pool}; then create the pool again, and before it the template of --template`,
    };
  }
  const { message } = error;
  const hint = error instanceof VmletError ? error.hint : undefined;
  return { kind: 'failed', message, ...(hint !== undefined && { hint }) };
}

/** Returns the error for an answer that is not the expected one. */
export function refusalOf(pool: string, answer: Answer): PoolFailedError {
  if (answer.kind !== 'failed') return new PoolFailedError(pool, `unexpected answer: ${answer.kind}`);
  // The pool's own errors already name it.
  const named = new PoolFailedError(pool, '').message;
  const problem = answer.message.startsWith(named) ? answer.message.slice(named.length) : answer.message;
  return new PoolFailedError(pool, problem, { hint: answer.hint });
}

/**
 * Reads one line, and leaves what follows it on the connection, which is paused then.
 * @throws GuestClosedError when the connection ends first, or the line is too long.
 */
export async function readLine(connection: Socket): Promise<string> {
  let text = Buffer.alloc(0);
  return new Promise((resolve, reject) => {
    const settle = (act: () => void): void => {
      connection.off('data', onData).off('error', onError).off('close', onClose).off('end', onClose);
      act();
    };
    const onError = (cause: Error): void =>
      settle(() =>
        reject(new GuestClosedError('the connection to the pool was lost', { hint: CHECK_POOL, cause })),
      );
    const onClose = (): void =>
      settle(() =>
        reject(new GuestClosedError('the connection to the pool was closed', { hint: CHECK_POOL })),
      );
    const onData = (chunk: Buffer): void => {
      text = Buffer.concat([text, chunk]);
      const end = text.indexOf(NEWLINE);
      if (end === -1 && text.length <= LONGEST_LINE) return;
      settle(() => {
        connection.pause();
        if (end === -1) {
          reject(
            new GuestClosedError('a message between pool and client is too long', {
              hint: 'remove the pool, and create it again: another release of vmlet may have started this pool',
            }),
          );
          return;
        }
        if (end + 1 < text.length) connection.unshift(text.subarray(end + 1));
        resolve(text.toString('utf8', 0, end));
      });
    };
    connection.on('data', onData).on('error', onError).on('close', onClose).on('end', onClose).resume();
  });
}
