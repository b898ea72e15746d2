import { useState } from 'preact/hooks';
import { machinePath } from '../api/client.ts';
import type { Drive, SoundMachine } from '../api/types.ts';
import { useAsked } from '../state/asked.ts';
import { Checkbox } from '../parts/checkbox.tsx';
import { Command } from '../parts/command.tsx';
import { Dialog } from '../parts/dialog.tsx';
import { shellCommand } from '../parts/format.ts';
import { Problem } from '../parts/problem.tsx';
import { Table } from '../parts/table.tsx';
import { useLoaded } from '../state/loaded.ts';
import { runAction } from '../state/notices.ts';
import { useRefusal } from '../state/refusal.ts';

const HEADINGS = ['Drive', 'State', 'CD'] as const;

/** The CD drives of a machine. */
export function Drives({ machine }: { readonly machine: SoundMachine }) {
  const { name, status } = machine;
  const { data, problem } = useLoaded<{ drives: readonly Drive[] }>(machinePath(name, 'drives'), machine);
  const [asked, ask] = useAsked<string>();
  const act = (verb: string, words: readonly string[], title: string, drive?: string): void =>
    void runAction({
      path: machinePath(name, `drives/${verb}`),
      title,
      command: shellCommand('vmlet', 'cd', ...words),
      body: { drive },
    });
  return (
    <section class="block">
      <div class="bar">
        <h2>CD drives</h2>
        <button type="button" onClick={() => act('add', ['add', name], 'Add a drive:')}>
          Add drive
        </button>
      </div>
      {problem && <Problem problem={problem} />}
      {data?.drives.length === 0 && <p class="faint">No drives.</p>}
      {data && data.drives.length > 0 && (
        <Table label={`CD drives of ${name}`} headings={HEADINGS} actions>
          {data.drives.map((drive) => (
            <tr key={drive.name}>
              <td>{drive.name}</td>
              <td>{stateOf(drive, status.kind === 'running')}</td>
              <td>{drive.path === undefined ? 'empty' : <code>{drive.path}</code>}</td>
              <td>
                <div class="row">
                  <button
                    type="button"
                    aria-label={`Insert a CD into ${drive.name}`}
                    onClick={() => ask(drive.name)}
                  >
                    Insert …
                  </button>
                  <button
                    type="button"
                    aria-label={`Eject ${drive.name}`}
                    disabled={drive.path === undefined}
                    onClick={() =>
                      act('eject', ['eject', name, drive.name], `Eject ${drive.name}:`, drive.name)
                    }
                  >
                    Eject
                  </button>
                  <button
                    type="button"
                    class="danger"
                    aria-label={`Remove ${drive.name}`}
                    onClick={() =>
                      act('remove', ['rm', name, drive.name], `Remove ${drive.name}:`, drive.name)
                    }
                  >
                    Remove
                  </button>
                </div>
              </td>
            </tr>
          ))}
        </Table>
      )}
      <Command text={shellCommand('vmlet', 'cd', 'ls', name)} />
      {asked && <Insertion key={asked.key} machine={name} drive={asked.about} close={asked.close} />}
    </section>
  );
}

function stateOf({ open, locked }: Drive, isRunning: boolean): string {
  if (isRunning && open === undefined) return 'available after the next start';
  if (open === true) return 'open';
  return locked === true ? 'locked' : '';
}

interface Properties {
  readonly machine: string;
  readonly drive: string;
  readonly close: () => void;
}

function Insertion({ machine, drive, close }: Properties) {
  const [path, setPath] = useState('');
  const [force, setForce] = useState(false);
  const { problem, refused, forget } = useRefusal();
  const flags = force ? ['--force'] : [];
  const command = shellCommand('vmlet', 'cd', 'insert', ...flags, machine, path || 'FILE', drive);
  return (
    <Dialog
      title={`Insert a CD into ${drive}`}
      verb="Insert"
      ready={path !== ''}
      command={command}
      run={async () =>
        runAction({
          path: machinePath(machine, 'drives/insert'),
          title: `Insert into ${drive}:`,
          command,
          body: { path, drive, force },
          refused,
        })
      }
      close={close}
    >
      <label>
        Path of an ISO image on the host
        <input
          value={path}
          onInput={(event) => {
            forget();
            setPath(event.currentTarget.value);
          }}
        />
      </label>
      {problem && <Problem problem={problem} />}
      <Checkbox
        checked={force}
        set={(checked) => {
          forget();
          setForce(checked);
        }}
      >
        Open the drive even if the guest has locked it
      </Checkbox>
    </Dialog>
  );
}
