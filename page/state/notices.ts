import { act, ApiError, get, problemOf } from '../api/client.ts';
import type { ApiProblem, Operation } from '../api/types.ts';
import { Observable } from '../values/observable.ts';
import { type Route, route } from './route.ts';
import { beginWork, endWork, followWork } from './work.ts';

/** An action of this page and its outcome. */
export interface Notice {
  /** Counts the page's actions. */
  readonly key: number;
  /** The page or machine that was shown when it began. */
  readonly place: string;
  readonly path: string;
  readonly title: string;
  readonly command: string;
  /** Unknown if the server has forgotten it since. */
  readonly state: Operation['state'] | 'unknown';
  /** The last step of the action. */
  readonly progress: Operation['progress'];
  readonly result: Operation['result'];
  readonly problem: ApiProblem | undefined;
  /** Undefined until the server has answered. */
  readonly operation: string | undefined;
  readonly kind: string | undefined;
  readonly machine: string | undefined;
  readonly endedAt: number | undefined;
}

/** The newest is last. */
export const notices = new Observable<readonly Notice[]>([]);

/** Older ones are removed if they need not be read. */
const MOST = 5;
const DONE_MS = 12_000;
const READ_MS = 2000;
/** A refusal is shown in its dialog only if it comes within this time. */
const REFUSAL_S = 3;
let count = 0;
/** Reports of operations that arrived before the answer to their POST. */
const early = new Map<string, Operation>();
/** POSTs without an answer. */
let pending = 0;
/** To call when an action has done its work. */
const successes = new Map<number, () => void>();

// An error that could be read does not follow from its own page or machine to another.
let place = placeOf(route.value);
route.listen(() => {
  const left = place;
  place = placeOf(route.value);
  if (place === left) return;
  const recent = Date.now() - DONE_MS;
  const isLeft = (one: Notice): boolean => one.place === left && (one.endedAt ?? Infinity) <= recent;
  notices.set(notices.value.filter((one) => !isPlainFailure(one) || !isLeft(one)));
});

function withoutOldest(all: readonly Notice[]): readonly Notice[] {
  const surplus = all.filter(isPassing).slice(0, Math.max(0, all.length - MOST));
  return all.filter((one) => !surplus.includes(one));
}

function placeOf(now: Route): string {
  return now.page === 'machine' ? now.name : `/${now.page}`;
}

function isPlainFailure({ state, progress }: Notice): boolean {
  return (state === 'failed' || state === 'unknown') && progress?.created !== true;
}

export interface Action {
  readonly path: string;
  readonly title: string;
  readonly command: string;
  readonly body?: object;
  /** Shows a refusal in the place of the notice. Returns false if it has no place for it any more. */
  readonly refused?: ((problem: ApiProblem) => boolean) | undefined;
  /** Called once the action has succeeded, or has created its machine. */
  readonly succeeded?: () => void;
}

/**
 * Runs an action and shows it, its command and its outcome. Resolves to false if the server refused it at once, and has
 * changed nothing.
 */
export async function runAction(action: Action): Promise<boolean> {
  const { path, title, command, body, refused, succeeded } = action;
  const key = ++count;
  if (succeeded) successes.set(key, succeeded);
  const fresh: Notice = {
    key,
    place,
    path,
    title,
    command,
    state: 'running',
    progress: undefined,
    result: undefined,
    problem: undefined,
    operation: undefined,
    kind: undefined,
    machine: undefined,
    endedAt: undefined,
  };
  // A new attempt takes the place of a failed one, also with another value, once that could be read.
  const isRead = ({ endedAt = Infinity }: Notice): boolean => Date.now() - endedAt > READ_MS;
  const others = notices.value.filter(
    (one) => !isPlainFailure(one) || one.path !== path || (one.title !== title && !isRead(one)),
  );
  notices.set(withoutOldest([...others, fresh]));
  const [, machine, kind = ''] = /^\/v1\/machines\/([^/]+)\/(.+)/.exec(path) ?? [];
  // Before the server reports it: a second click may follow at once.
  const own = `action ${key}`;
  if (machine !== undefined) beginWork(own, { machine: decodeURIComponent(machine), kind });
  pending++;
  try {
    // A clone may take long, and can be cancelled only after the answer.
    const wait = refused && kind !== 'clone' ? REFUSAL_S : undefined;
    const answer = await act(path, body, { wait });
    const { id, kind: begun, state } = answer.operation;
    change(key, { command: answer.command, operation: id, kind: begun });
    const operation = state === 'running' ? (early.get(id) ?? answer.operation) : answer.operation;
    early.delete(id);
    operationChanged(operation);
    if (COMING.includes(operation.kind)) follow(operation);
    return true;
  } catch (error) {
    const problem = problemOf(error);
    const { command: known = command, operation }: Partial<ApiError> = error instanceof ApiError ? error : {};
    const { progress, machine: subject } = operation ?? {};
    const isCreated = progress?.created === true;
    if (operation && isCreated) follow(operation);
    change(key, { state: 'failed', problem, command: known, progress, machine: subject });
    if (!isCreated && refused?.(problem)) dismiss(key);
    return isCreated;
  } finally {
    endWork(own);
    if (--pending === 0) early.clear();
  }
}

/** Actions after which a machine comes under a new name. */
const COMING = ['create', 'rename'];

/** The events of the operation, and that of its machine, may come after the answer. */
function follow(operation: Operation): void {
  beginWork(operation.id, operation);
  followWork(operation);
}

export function operationChanged(operation: Operation): void {
  const notice = notices.value.find((one) => one.operation === operation.id);
  if (!notice) {
    // It belongs to another page or client, unless the answer to this page’s POST is still to come.
    if (pending > 0) early.set(operation.id, operation);
    return;
  }
  if (notice.state !== 'running') return;
  const { state, progress, result, error, machine } = operation;
  change(notice.key, { state, progress, result, problem: error, machine });
}

const FORGOTTEN: ApiProblem = {
  code: 'PAGE',
  message: 'the outcome is not known: the action ended while this page was not connected',
};

/** After a lost connection: asks for the operations that this page believes to run, and ends those that are forgotten. */
export async function settleRunning(): Promise<void> {
  const running = notices.value.filter(
    ({ state, operation }) => state === 'running' && operation !== undefined,
  );
  if (running.length === 0) return;
  try {
    const { operations } = await get<{ operations: readonly Operation[] }>('/v1/operations');
    for (const { key, operation } of running) {
      const known = operations.find(({ id }) => id === operation);
      if (known) operationChanged(known);
      else change(key, { state: 'unknown', problem: FORGOTTEN });
    }
  } catch {
    // The connection was lost again: the next one asks again.
  }
}

function change(key: number, changes: Partial<Notice>): void {
  const isEnd = changes.state !== undefined && changes.state !== 'running';
  const all = { ...changes, ...(isEnd && { endedAt: Date.now() }) };
  notices.set(notices.value.map((notice) => (notice.key === key ? { ...notice, ...all } : notice)));
  const isCreated = changes.progress?.created === true;
  if (changes.state === 'done' || isCreated) successes.get(key)?.();
  if (isEnd || isCreated) successes.delete(key);
  if (isPassing(changes)) setTimeout(() => dismiss(key), DONE_MS);
}

/** True for one that has ended as its user wanted. Errors, warnings and paths stay. */
function isPassing(notice: Partial<Notice>): boolean {
  const { state, progress } = notice;
  return (state === 'cancelled' && progress?.created !== true) || (state === 'done' && !isWeighty(notice));
}

/** The steps of a stop that end QEMU, since the guest did not. */
const FORCED: readonly unknown[] = ['quit', 'SIGTERM', 'SIGKILL'];

export function isForced({ result }: Pick<Notice, 'result'>): boolean {
  return FORCED.includes(result?.['rung']);
}

/** True after the start of a clone that still has the machine id and ssh host keys of the original. */
export function lacksIdentity({ result }: Pick<Notice, 'result'>): boolean {
  return result?.['identityProblem'] !== undefined;
}

/** Whether the guest lost its connections, which the command announces. */
export function hasRestartedPasst({ progress }: Pick<Notice, 'progress'>): boolean {
  return progress?.passtRestarted === true;
}

function isWeighty({ result, progress }: Partial<Notice>): boolean {
  const kept = result?.['keptDisks'];
  const isKept = Array.isArray(kept) && kept.length > 0;
  return isForced({ result }) || lacksIdentity({ result }) || hasRestartedPasst({ progress }) || isKept;
}

/** Operations that run to their end, whatever is asked. */
const NOT_CANCELLED: readonly unknown[] = [
  ...['kill', 'rename', 'protect', 'remove', 'set', 'drives/add', 'drives/remove'],
  ...['volumes/remove', 'volumes/prune', 'templates/remove'],
];

export function canCancel({ state, operation, kind }: Notice): boolean {
  return state === 'running' && operation !== undefined && !NOT_CANCELLED.includes(kind);
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
  successes.delete(key);
  notices.set(notices.value.filter((notice) => notice.key !== key));
}

/** Dismisses all that have ended. */
export function dismissEnded(): void {
  notices.set(notices.value.filter(({ state }) => state === 'running'));
}
