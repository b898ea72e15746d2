import type { IncomingMessage } from 'node:http';
import type * as z from 'zod';
import { InvalidInputError, RequestRefusedError } from '../../../errors/index.ts';
import { parseOptions } from '../../../util/options/parse-options.ts';
import { deferred } from '../../../util/time/deferred.ts';
import { startTimer } from '../../../util/time/timer.ts';

const MOST_BYTES = 1024 * 1024;
const MOST_MS = 10_000;

/**
 * Reads the JSON object of a request. JSON alone: a form of another page can send anything else.
 * @throws RequestRefusedError, InvalidInputError that names the field.
 */
export async function readBody<Schema extends z.ZodType>(
  request: IncomingMessage,
  schema: Schema,
): Promise<z.output<Schema>> {
  const [type = ''] = (request.headers['content-type'] ?? '').split(';');
  if (type.trim().toLowerCase() !== 'application/json') {
    throw new RequestRefusedError(415, 'the body of the request must be JSON', {
      hint: 'send a JSON object with the header Content-Type: application/json',
    });
  }
  const text = await readText(request);
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new InvalidInputError('body', 'not valid JSON', { cause: error });
  }
  const isObject = typeof value === 'object' && value !== null && !Array.isArray(value);
  if (!isObject) throw new InvalidInputError('body', 'must be a JSON object');
  return parseOptions(schema, value as object, 'body');
}

async function readText(request: IncomingMessage): Promise<string> {
  const late = deferred<never>();
  const stopTimer = startTimer(MOST_MS, () =>
    late.reject(
      new RequestRefusedError(408, `the body of the request did not arrive within ${MOST_MS / 1000} s`),
    ),
  );
  const text = collect(request);
  // After the time limit it fails with the connection.
  text.catch(() => undefined);
  try {
    return await Promise.race([text, late.promise]);
  } finally {
    stopTimer();
  }
}

async function collect(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let length = 0;
  // An early end must not destroy the connection, which the answer needs.
  for await (const chunk of request.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
    length += chunk.length;
    if (length > MOST_BYTES)
      throw new RequestRefusedError(413, `the body of the request is too large (limit: ${MOST_BYTES} bytes)`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}
