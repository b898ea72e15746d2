import { act, ApiError, problemOf } from '../api/client.ts';
import type { ApiProblem, Operation } from '../api/types.ts';
import { Observable } from '../values/observable.ts';

/** An action of this page and its outcome. */
export interface Notice {
  /** Counts the page's actions. */
  readonly key: number;
  readonly title: string;
  readonly command: string;
  readonly state: Operation['state'];
  /** The step that a running action is at. */
  readonly progress: Operation['progress'];
  readonly result: Operation['result'];
  readonly problem: ApiProblem | undefined;
  /** Undefined until the server has answered. */
  readonly operation: string | undefined;
}

/** The newest is last. */
export const notices = new Observable<readonly Notice[]>([]);

/** Older ones are removed. */
const MOST = 5;
const DONE_MS = 12_000;
let count = 0;
/** Reports of operations that arrived before the answer to their POST. */
const early = new Map<string, Operation>();

export interface Action {
  readonly path: string;
  readonly title: string;
  readonly command: string;
  readonly body?: object;
}

/** Runs an action and shows it, its command and its outcome. Resolves to false if the server refused it at once. */
export async function runAction({ path, title, command, body }: Action): Promise<boolean> {
  const key = ++count;
  const fresh: Notice = {
    key,
    title,
    command,
    state: 'running',
    progress: undefined,
    result: undefined,
    problem: undefined,
    operation: undefined,
  };
  notices.set([...notices.value, fresh].slice(-MOST));
  try {
    const answer = await act(path, body);
    change(key, { command: answer.command, operation: answer.operation.id });
    const { operation } = answer;
    operationChanged(operation.state === 'running' ? (early.get(operation.id) ?? operation) : operation);
    early.delete(operation.id);
    return true;
  } catch (error) {
    const known = error instanceof ApiError ? error.command : undefined;
    change(key, { state: 'failed', problem: problemOf(error), ...(known && { command: known }) });
    return false;
  }
}

export function operationChanged(operation: Operation): void {
  const notice = notices.value.find((one) => one.operation === operation.id);
  if (!notice) {
    // It belongs to another page or client, unless the answer to this page’s POST is still to come.
    if (notices.value.some((one) => one.operation === undefined && one.state === 'running')) {
      early.set(operation.id, operation);
    }
    return;
  }
  if (notice.state !== 'running') return;
  const { state, progress, result, error } = operation;
  change(notice.key, { state, progress, result, problem: error });
}

function change(key: number, changes: Partial<Notice>): void {
  notices.set(notices.value.map((notice) => (notice.key === key ? { ...notice, ...changes } : notice)));
  // Errors stay until they are dismissed.
  if (changes.state === 'done' || changes.state === 'cancelled') {
    setTimeout(() => dismiss(key), DONE_MS);
  }
}

/** Cancels the operation of a notice; a refusal is shown beside it. */
export async function cancelAction({ key, operation = '' }: Notice): Promise<void> {
  try {
    await act(`/v1/operations/${operation}/cancel`);
  } catch (error) {
    change(key, { problem: problemOf(error) });
  }
}

export function dismiss(key: number): void {
  if (!notices.value.some((notice) => notice.key === key)) return;
  notices.set(notices.value.filter((notice) => notice.key !== key));
}
