import { secret, session } from './session.ts';
import type { ApiProblem, Operation } from './types.ts';

/** An error of the server, with the command’s message. */
export class ApiError extends Error {
  override readonly name = 'ApiError';
  readonly problem: ApiProblem;
  /** The shell command of the action that failed. */
  readonly command: string | undefined;
  /** The operation that failed. */
  readonly operation: Operation | undefined;

  constructor(problem: ApiProblem, { command, operation }: Partial<Begun> = {}) {
    super(problem.message);
    this.problem = problem;
    this.command = command;
    this.operation = operation;
  }
}

/** Returns an error as the server would describe it. */
export function problemOf(error: unknown): ApiProblem {
  if (error instanceof ApiError) return error.problem;
  return { code: 'PAGE', message: error instanceof Error ? error.message : String(error) };
}

/** A machine's path in the API, with further parts. */
export function machinePath(name: string, rest = ''): string {
  return `/v1/machines/${encodeURIComponent(name)}${rest && `/${rest}`}`;
}

export function networkPath(name: string, rest: string): string {
  return `/v1/networks/${encodeURIComponent(name)}/${rest}`;
}

export async function get<T>(path: string, signal?: AbortSignal): Promise<T> {
  const answer = await request(path, { signal: signal ?? null });
  return (await answer.json()) as T;
}

interface Begun {
  readonly command: string;
  readonly operation: Operation;
}

/** Starts an action; the events report the rest of its operation. Waits longer than usual for its end if `wait` is given. */
export async function act(
  path: string,
  body: object = {},
  { wait }: { readonly wait?: number | undefined } = {},
): Promise<Begun> {
  return post(path, body, {}, wait === undefined ? {} : { prefer: `wait=${wait}` });
}

/** Returns the result of an action with `dryRun`, which changes nothing. */
export async function tryOut<T>(path: string, body: object, signal: AbortSignal): Promise<T> {
  const { operation } = await post(path, { ...body, dryRun: true }, { signal }, { prefer: 'wait=60' });
  return operation.result as T;
}

async function post(
  path: string,
  body: object,
  options: RequestInit,
  headers: Readonly<Record<string, string>> = {},
): Promise<Begun> {
  const answer = await request(path, {
    ...options,
    method: 'POST',
    headers: { ...headers, 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
  return (await answer.json()) as Begun;
}

/** @throws ApiError for every status that is not a success, and when the server does not answer. */
export async function request(path: string, options: RequestInit): Promise<Response> {
  const answer = await reach(path, options);
  if (answer.ok) return answer;
  if (answer.status === 401) session.set('refused');
  const text = await answer.text();
  throw (
    readProblem(text) ?? new ApiError({ code: `HTTP_${answer.status}`, message: text || answer.statusText })
  );
}

async function reach(path: string, options: RequestInit): Promise<Response> {
  const headers = new Headers(options.headers);
  headers.set('vmlet-secret', secret());
  try {
    return await fetch(path, { ...options, headers });
  } catch (error) {
    if (options.signal?.aborted) throw error;
    throw new ApiError({
      code: 'SERVER_GONE',
      message: 'the server does not answer',
      hint: 'to start the server again, run: vmlet ui',
    });
  }
}

function readProblem(text: string): ApiError | undefined {
  try {
    const { error, ...begun } = JSON.parse(text) as Partial<Begun> & { error?: ApiProblem };
    return error && new ApiError(error, begun);
  } catch {
    // It is not the server's own answer, and is shown as it is.
    return undefined;
  }
}
