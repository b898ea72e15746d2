import type { Operation } from '../api/types.ts';
import { Observable } from '../values/observable.ts';

/** Work that runs for a machine, started by any client of the server. */
export type Work = Pick<Operation, 'machine' | 'kind' | 'progress'>;

const running = new Map<string, Work>();
const ofMachines = new Map<string, Observable<Work | undefined>>();

/** The newest work of a machine. Typing changes nothing about it, and is left out. */
export function workOn(machine: string): Observable<Work | undefined> {
  let work = ofMachines.get(machine);
  if (!work) ofMachines.set(machine, (work = new Observable<Work | undefined>(undefined)));
  return work;
}

export function beginWork(id: string, work: Work): void {
  if (work.kind === 'keyboard') return;
  running.set(id, work);
  tell(work.machine);
}

export function endWork(id: string): void {
  const work = running.get(id);
  if (!work) return;
  running.delete(id);
  tell(work.machine);
}

/** Machines that the server has told of. */
const present = new Set<string>();
/** Operations that created or renamed a machine whose own event is still to come, by its name. */
const arriving = new Map<string, string>();

export function followWork(operation: Operation): void {
  const { id, state, machine } = operation;
  if (!machine) return;
  if (state === 'running') {
    beginWork(id, operation);
    return;
  }
  const coming = comingBy(operation);
  const isAwaited = coming !== undefined && !present.has(coming) && running.has(id);
  if (!isAwaited || coming !== machine) endWork(id);
  if (!isAwaited) return;
  if (coming !== machine) beginWork(id, { ...operation, machine: coming });
  arriving.set(coming, id);
}

/** The name of the machine that an ended operation has created or renamed. */
function comingBy({ state, kind, machine, progress, result }: Operation): string | undefined {
  if (kind === 'rename' && state === 'done') return String(result?.['name']);
  return kind === 'create' && (state === 'done' || progress?.created === true) ? machine : undefined;
}

export function machineArrived(machine: string): void {
  present.add(machine);
  endWork(arriving.get(machine) ?? '');
  arriving.delete(machine);
}

export function machineLeft(machine: string): void {
  present.delete(machine);
}

/** The server that answers now tells of all its operations. */
export function forgetWork(): void {
  for (const id of [...running.keys()]) endWork(id);
  arriving.clear();
}

function tell(machine: string): void {
  workOn(machine).set([...running.values()].findLast((work) => work.machine === machine));
}
