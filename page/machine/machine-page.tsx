import type { FunctionComponent } from 'preact';
import { ActionBar } from '../actions/action-bar.tsx';
import type { SoundMachine } from '../api/types.ts';
import { State, useReason } from '../parts/state.tsx';
import { machineNames, machineOf } from '../state/machines.ts';
import { useValue } from '../values/observable.ts';
import { machineAddress, route } from '../state/route.ts';
import { type Work, workOn } from '../state/work.ts';
import { Events } from './events.tsx';
import { Logs } from './logs.tsx';
import { Overview } from './overview.tsx';
import { Ports } from './ports.tsx';
import { TabBar } from './tab-bar.tsx';
import { Disks, Files, MachineNetworks, Shares, Snapshots } from './tabs.ts';
import { Screen, Serial, Shell } from '../consoles/consoles.tsx';

interface Tab {
  readonly id: string;
  readonly label: string;
  readonly page: FunctionComponent<{ readonly machine: SoundMachine; readonly alone: boolean }>;
}

const TABS: readonly Tab[] = [
  { id: 'overview', label: 'Overview', page: Overview },
  { id: 'serial', label: 'Serial console', page: Serial },
  { id: 'screen', label: 'Screen', page: Screen },
  { id: 'shell', label: 'Shell', page: Shell },
  { id: 'logs', label: 'Logs', page: Logs },
  { id: 'events', label: 'Events', page: Events },
  { id: 'snapshots', label: 'Snapshots', page: Snapshots },
  { id: 'disks', label: 'Disks', page: Disks },
  { id: 'shares', label: 'Directories', page: Shares },
  { id: 'ports', label: 'Ports', page: Ports },
  { id: 'networks', label: 'Networks', page: MachineNetworks },
  { id: 'files', label: 'Files', page: Files },
];

interface Properties {
  readonly name: string;
  readonly tab: string;
  readonly alone: boolean;
}

/** One machine, a tab for each of its sides. */
export function MachinePage({ name, tab, alone }: Properties) {
  const machine = useValue(machineOf(name));
  const names = useValue(machineNames);
  const work = useValue(workOn(name));
  if (!names) return <p class="faint">Connecting …</p>;
  if (!machine) return <Absent name={name} work={work} />;
  if (!('spec' in machine)) {
    return (
      <>
        <h1>{name}</h1>
        <State machine={machine} />
        <p class="problem">{machine.problem}</p>
      </>
    );
  }
  const shown = TABS.find(({ id }) => id === tab) ?? TABS[0];
  const Shown = shown?.page ?? Overview;
  return (
    <>
      {!alone && <Title machine={machine} tab={shown?.id ?? ''} />}
      <Shown machine={machine} alone={alone} />
    </>
  );
}

const PENDING: Readonly<Record<string, string>> = {
  create: 'is being created …',
  remove: 'is being removed …',
  rename: 'is being renamed …',
};

function Absent({ name, work }: { readonly name: string; readonly work: Work | undefined }) {
  const coming = PENDING[work?.kind ?? ''];
  if (coming !== undefined) {
    return (
      <>
        <h1>
          {name} {coming}
        </h1>
        <p role="status">{work?.progress?.text}</p>
      </>
    );
  }
  return (
    <>
      <h1>No such machine: {name}</h1>
      <p>
        The machine does not exist yet, or was removed or renamed. <a href="#/machines">All machines</a>
      </p>
    </>
  );
}

function Title({ machine, tab }: { readonly machine: SoundMachine; readonly tab: string }) {
  const { name } = machine;
  return (
    <>
      <div class="title">
        <h1>{name}</h1>
        <State machine={machine} />
        <span class="faint">{useReason(name, machine)}</span>
        <ActionBar
          machine={machine}
          onAccepted={({ kind }) => {
            if (kind === 'remove' && isShown(name)) location.hash = '#/machines';
          }}
          // A rename may fail after it was accepted.
          onSucceeded={({ kind, body }) => {
            if (kind === 'rename' && isShown(name))
              location.hash = machineAddress((body as { name: string }).name, tab);
          }}
        />
      </div>
      <TabBar name={name} tabs={TABS} tab={tab} />
    </>
  );
}

/** The user may have left the page meanwhile. */
function isShown(machine: string): boolean {
  return 'name' in route.value && route.value.name === machine;
}
