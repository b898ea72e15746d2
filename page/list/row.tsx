import { useRef } from 'preact/hooks';
import { ActionBar } from '../actions/action-bar.tsx';
import type { SoundMachine } from '../api/types.ts';
import { Curves } from '../parts/curves.tsx';
import { bytes } from '../parts/format.ts';
import { Port } from '../parts/ports.tsx';
import { hasScreen, State, useReason } from '../parts/state.tsx';
import { Thumbnail } from './thumbnail.tsx';
import { useInView } from '../state/in-view.ts';
import { machineOf } from '../state/machines.ts';
import { useValue } from '../values/observable.ts';
import { machineAddress } from '../state/route.ts';

/** One machine of the list. */
export function Row({ name }: { readonly name: string }) {
  const machine = useValue(machineOf(name));
  const element = useRef<HTMLLIElement>(null);
  const isVisible = useInView(name, element);
  const reason = useReason(name, machine);
  const isSound = machine && 'spec' in machine;
  const isLive = isSound && machine.status.kind === 'running' && hasScreen(machine);
  return (
    <li class="machine" ref={element} data-machine={name}>
      {machine && (
        <>
          {/* The name beside it is the link for keys and screen readers. */}
          <a class="picture" href={machineAddress(name)} tabIndex={-1} aria-hidden="true">
            <Thumbnail name={name} live={isLive === true && isVisible} />
          </a>
          <div class="who">
            <h2>
              <a href={machineAddress(name)}>{name}</a>
              {isSound && machine.spec.protected && <span class="faint"> protected</span>}
            </h2>
            <div class="summary">
              <State machine={machine} />
              {isSound && <span class="faint">{hardwareOf(machine)}</span>}
            </div>
            <p class="why faint" title={reason}>
              {reason}
            </p>
          </div>
          {isSound && <Usage machine={machine} />}
        </>
      )}
    </li>
  );
}

/** Empty while the machine runs with other values. */
function hardwareOf({ spec: { cpus, memoryBytes }, pendingChanges }: SoundMachine): string {
  if (pendingChanges.includes('cpus') || pendingChanges.includes('memory')) return '';
  return `${cpus === 1 ? '1 CPU' : `${cpus} CPUs`}, ${bytes(memoryBytes)}`;
}

function Usage({ machine }: { readonly machine: SoundMachine }) {
  return (
    <>
      <div class="use">
        {machine.status.kind === 'running' && <Curves name={machine.name} cpus={machine.spec.cpus} />}
      </div>
      <ul class="ports" aria-label={`Ports of ${machine.name}`}>
        {machine.ports.map((port) => (
          <li key={`${port.hostAddress}:${port.hostPort}/${port.protocol}`}>
            <Port port={port} />
          </li>
        ))}
      </ul>
      <ActionBar machine={machine} />
    </>
  );
}
