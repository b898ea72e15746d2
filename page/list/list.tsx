import { useLayoutEffect, useMemo, useRef, useState } from 'preact/hooks';
import type { Machine } from '../api/types.ts';
import { Command } from '../parts/command.tsx';
import { changes, machineNames, machineOf } from '../state/machines.ts';
import { useValue } from '../values/observable.ts';
import { GroupBy, groupLabel, groupsOf } from './groups.tsx';
import { Row } from './row.tsx';

/** All machines. `/` focuses the filter, the arrow keys move from one machine to the next. */
export function MachineList() {
  const names = useValue(machineNames);
  const [filter, setFilter] = useState('');
  const label = useValue(groupLabel);
  // The labels may have changed.
  useValue(changes);
  // A row listens to its machine. Preact does not render the same element again.
  const rows = useMemo(() => new Map(names?.map((name) => [name, <Row key={name} name={name} />])), [names]);
  const search = useRef<HTMLInputElement>(null);
  // With the rendering: a key may follow at once.
  useLayoutEffect(() => {
    const toFilter = (event: KeyboardEvent): void => {
      if (event.key !== '/' || isTyping(event.target)) return;
      event.preventDefault();
      search.current?.focus();
    };
    addEventListener('keydown', toFilter);
    return () => removeEventListener('keydown', toFilter);
  }, []);
  if (!names) return <p class="faint">Connecting …</p>;
  const shown = names.filter((name) => matches(name, filter));
  return (
    <>
      <div class="bar">
        <h1>Machines</h1>
        <GroupBy />
        <input
          type="search"
          ref={search}
          placeholder="Filter: name, state, label (/)"
          aria-label="Filter machines"
          value={filter}
          onInput={(event) => setFilter(event.currentTarget.value)}
        />
        <span class="faint" role="status">
          {shown.length < names.length && `${shown.length} of `}
          {names.length === 1 ? '1 machine' : `${names.length} machines`}
        </span>
      </div>
      {names.length === 0 && <Empty />}
      {names.length > 0 && shown.length === 0 && <p>No machine matches the filter.</p>}
      {groupsOf(shown, label).map(([group, members]) => (
        <section key={group} class="group">
          {label !== '' && (
            <h2>
              {group} <span class="faint">{members.length}</span>
            </h2>
          )}
          <ul onKeyDown={moveFocus} aria-label={label === '' ? 'Machines' : `Machines, ${group}`}>
            {members.map((name) => rows.get(name))}
          </ul>
        </section>
      ))}
    </>
  );
}

function Empty() {
  return (
    <>
      <p>
        There are no machines yet. <a href="#/create">Create one</a>, or run in a terminal:
      </p>
      <Command text="vmlet create --image debian:13 --start web" />
    </>
  );
}

function matches(name: string, filter: string): boolean {
  const words = filter.toLowerCase().split(/\s+/).filter(Boolean);
  if (words.length === 0) return true;
  const text = textOf(name, machineOf(name).value);
  return words.every((word) => text.includes(word));
}

function textOf(name: string, machine: Machine | undefined): string {
  const labels = machine && 'spec' in machine ? machine.spec.labels : {};
  return [name, machine?.state, ...Object.entries(labels).map((label) => label.join('='))]
    .join(' ')
    .toLowerCase();
}

function isTyping(target: EventTarget | null): boolean {
  return target instanceof HTMLElement && /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName);
}

/** From the name of a machine, the arrow keys move to the next and the previous one. */
function moveFocus(event: KeyboardEvent): void {
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  if (step === undefined || !(event.target instanceof HTMLAnchorElement)) return;
  const links = [...document.querySelectorAll<HTMLElement>('.machine h2 a')];
  const at = links.indexOf(event.target);
  if (at === -1) return;
  event.preventDefault();
  links[at + step]?.focus();
}
