import type { Machine, Operation, Statistics, UnreadStatistics } from '../api/types.ts';
import { addSample, forgetSamples } from './curves.ts';
import { Observable } from '../values/observable.ts';
import { operationChanged, settleRunning } from './notices.ts';
import { followWork, forgetWork, machineArrived, machineLeft } from './work.ts';

/** The names of all machines, sorted; undefined until the server has sent them. */
export const machineNames = new Observable<readonly string[] | undefined>(undefined);

/** Counts operations that ended, and machines and networks that came, went or changed: other lists are fetched again. */
export const changes = new Observable(0);

const machines = new Map<string, Observable<Machine | undefined>>();

/** Each row listens to its own machine: a change renders one row. */
export function machineOf(name: string): Observable<Machine | undefined> {
  let machine = machines.get(name);
  if (!machine) machines.set(name, (machine = new Observable<Machine | undefined>(undefined)));
  return machine;
}

export type ServerEvent =
  | { readonly event: 'machines'; readonly data: { readonly machines: readonly Machine[] } }
  | { readonly event: 'machine'; readonly data: Machine }
  | { readonly event: 'removed'; readonly data: { readonly name: string } }
  | { readonly event: 'networks'; readonly data: { readonly names: readonly string[] } }
  | { readonly event: 'operation'; readonly data: Operation }
  | {
      readonly event: 'stats';
      readonly data: { readonly machines: readonly (Statistics | UnreadStatistics)[] };
    };

export function applyEvent({ event, data }: ServerEvent): void {
  switch (event) {
    case 'machines': {
      forgetWork();
      const names = new Set(data.machines.map(({ name }) => name));
      for (const name of machines.keys()) if (!names.has(name)) remove(name);
      data.machines.forEach(put);
      sortNames(names);
      // Networks may have changed too, even without machines.
      countChange();
      void settleRunning();
      return;
    }
    case 'machine':
      put(data);
      if (machineNames.value?.includes(data.name) !== true)
        sortNames(new Set([...(machineNames.value ?? []), data.name]));
      return;
    case 'removed':
      remove(data.name);
      sortNames(new Set((machineNames.value ?? []).filter((name) => name !== data.name)));
      return;
    case 'networks':
      countChange();
      return;
    case 'operation':
      operationChanged(data);
      followWork(data);
      if (data.state !== 'running') countChange();
      return;
    case 'stats':
      // A reading may have begun before the machine was paused.
      data.machines.filter(({ machine }) => processorsRun(machines.get(machine)?.value)).forEach(addSample);
  }
}

let isCounting = false;

/** A new connection reports many at once; the lists are fetched once. */
function countChange(): void {
  if (isCounting) return;
  isCounting = true;
  setTimeout(() => {
    isCounting = false;
    changes.set(changes.value + 1);
  }, 50);
}

function put(machine: Machine): void {
  countChange();
  machineOf(machine.name).set(machine);
  machineArrived(machine.name);
  if (!processorsRun(machine)) forgetSamples(machine.name);
}

/** Whether its processors run: others use nothing. */
function processorsRun(machine: Machine | undefined): boolean {
  return machine?.state === 'running';
}

function remove(name: string): void {
  countChange();
  machines.get(name)?.set(undefined);
  forgetSamples(name);
  machineLeft(name);
}

/** `localeCompare` with options makes one for each comparison. */
const byNumber = new Intl.Collator('en', { numeric: true });

function sortNames(names: ReadonlySet<string>): void {
  const sorted = [...names].sort(byNumber.compare);
  const shown = machineNames.value;
  // The list is rendered again only when it has other names.
  if (shown?.length === sorted.length && sorted.every((name, index) => name === shown[index])) return;
  machineNames.set(sorted);
}
