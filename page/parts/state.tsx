import type { Machine, SoundMachine } from '../api/types.ts';
import { type Work, workOn } from '../state/work.ts';
import { useValue } from '../values/observable.ts';

const STYLES: Readonly<Record<string, string>> = {
  running: 'running',
  paused: 'paused',
  broken: 'broken',
  stopped: 'stopped',
  created: 'stopped',
  saved: 'stopped',
};

/** The state in one word. Other states of QEMU need attention. */
export function State({ machine }: { readonly machine: Machine }) {
  const work = useValue(workOn(machine.name));
  const state = transitionOf(machine, work) ?? machine.state;
  return <span class={`state ${STYLES[state] ?? 'busy'}`}>{state}</span>;
}

/** The state while the present work changes it. */
function transitionOf(machine: Machine, work: Work | undefined): string | undefined {
  if (!('spec' in machine)) return undefined;
  const isRunning = machine.status.kind === 'running';
  if (work?.kind === 'stop' && machine.state === 'running') return 'stopping';
  return !isRunning && work && isStart(work) ? 'starting' : undefined;
}

function isStart({ kind, progress }: Work): boolean {
  return ['start', 'restart'].includes(kind) || (kind === 'create' && progress?.created === true);
}

/** The reason why the machine ended, or what it waits for; empty for one that runs or starts. */
export function useReason(name: string, machine: Machine | undefined): string {
  const work = useValue(workOn(name));
  return !machine || transitionOf(machine, work) === 'starting' ? '' : reasonOf(machine);
}

function reasonOf(machine: Machine): string {
  if (!('spec' in machine)) return machine.problem;
  const { spec, status, pendingChanges } = machine;
  const reason = status.kind === 'running' && status.description === machine.state ? '' : status.description;
  return [reason, spec.installer ? installationOf(status) : '', pendingOf(pendingChanges)]
    .filter(Boolean)
    .join('; ');
}

/** Says which settings the machine will have only after its next start; empty if none. */
export function pendingOf(changes: SoundMachine['pendingChanges']): string {
  return changes.length > 0 ? `changed for the next start: ${changes.join(', ')}` : '';
}

/** Says whether the installer boots again, by the rule by which a start forgets it. */
function installationOf(status: SoundMachine['status']): string {
  switch (status.kind) {
    case 'running':
      return 'the installer is running';
    case 'saved':
      return '';
    case 'created':
      return 'the next start boots the installer';
    case 'stopped': {
      const { outcome } = status;
      const isDone = outcome.kind === 'reboot' || (outcome.kind === 'power-off' && !outcome.requested);
      return isDone
        ? 'installation finished: the next start boots from the disk'
        : 'the next start boots the installer';
    }
  }
}

/** Whether a running machine has a screen now, or another one after its next start. */
export function hasScreen({ spec, status, pendingChanges }: SoundMachine): boolean {
  const isNext = spec.display === 'vnc';
  return status.kind === 'running' && pendingChanges.includes('display') ? !isNext : isNext;
}
