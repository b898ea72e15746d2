import { useState } from 'preact/hooks';
import { machinePath } from '../api/client.ts';
import type { Snapshot, SoundMachine } from '../api/types.ts';
import { useAsked } from '../state/asked.ts';
import { Checkbox } from '../parts/checkbox.tsx';
import { Command } from '../parts/command.tsx';
import { Dialog } from '../parts/dialog.tsx';
import { bytes, moment, shellCommand } from '../parts/format.ts';
import { Problem } from '../parts/problem.tsx';
import { runAction } from '../state/notices.ts';
import { useCurrent } from '../state/loaded.ts';

interface Question {
  readonly verb: 'Restore' | 'Remove';
  readonly name: string;
  readonly command: string;
}

/** The snapshots of a machine, oldest first. */
export function Snapshots({ machine }: { readonly machine: SoundMachine }) {
  const { name } = machine;
  const { data, problem } = useCurrent<{ snapshots: readonly Snapshot[] }>(machinePath(name, 'snapshots'));
  const [asked, ask] = useAsked<Question>();
  const answer = ({ verb, name: snapshot, command }: Question): void => {
    void runAction({
      path: machinePath(name, `snapshots/${verb.toLowerCase()}`),
      title: `${verb} snapshot ${snapshot}:`,
      command,
      body: verb === 'Restore' ? { name: snapshot } : { names: [snapshot] },
    });
  };
  return (
    <>
      <NewSnapshot machine={machine} />
      {problem && <Problem problem={problem} />}
      {data?.snapshots.length === 0 && <p class="faint">No snapshots.</p>}
      {data && data.snapshots.length > 0 && (
        <Table
          snapshots={data.snapshots}
          ask={(verb, snapshot) => {
            const words = { Restore: 'restore', Remove: 'rm' }[verb];
            ask({
              verb,
              name: snapshot,
              command: shellCommand('vmlet', 'snapshot', words, name, snapshot),
            });
          }}
        />
      )}
      <Command text={shellCommand('vmlet', 'snapshot', 'ls', name)} />
      {asked && (
        <Dialog
          key={asked.key}
          title={`${asked.about.verb} snapshot ${asked.about.name}?`}
          verb={asked.about.verb}
          danger
          command={asked.about.command}
          run={() => answer(asked.about)}
          close={asked.close}
        >
          <p>
            {asked.about.verb === 'Restore'
              ? `All changes that ${name} has made since then are lost.`
              : 'You can no longer restore this state.'}
          </p>
        </Dialog>
      )}
    </>
  );
}

function NewSnapshot({ machine: { name, status } }: { readonly machine: SoundMachine }) {
  const [snapshot, setSnapshot] = useState('');
  const [disksOnly, setDisksOnly] = useState(false);
  const isRunning = status.kind === 'running';
  const flags = isRunning && disksOnly ? ['--disks-only'] : [];
  const command = shellCommand('vmlet', 'snapshot', 'create', ...flags, name, snapshot || 'NAME');
  const create = (event: Event): void => {
    event.preventDefault();
    void runAction({
      path: machinePath(name, 'snapshots/create'),
      title: `Snapshot ${snapshot}:`,
      command,
      body: { name: snapshot, ...(flags.length > 0 && { disksOnly }) },
    }).then((accepted) => accepted && setSnapshot(''));
  };
  return (
    <form class="bar" onSubmit={create}>
      <input
        required
        placeholder="Name"
        aria-label="Name of the new snapshot"
        value={snapshot}
        onInput={(event) => setSnapshot(event.currentTarget.value)}
      />
      {isRunning && (
        <Checkbox checked={disksOnly} set={setDisksOnly}>
          without memory
        </Checkbox>
      )}
      <button type="submit" class="main">
        Create snapshot
      </button>
      <Command text={command} />
    </form>
  );
}

interface TableProperties {
  readonly snapshots: readonly Snapshot[];
  readonly ask: (verb: Question['verb'], name: string) => void;
}

function Table({ snapshots, ask }: TableProperties) {
  return (
    <div class="scroll">
      <table>
        <thead>
          <tr>
            <th scope="col">Name</th>
            <th scope="col">Created</th>
            <th scope="col">Memory</th>
            <th scope="col">
              <span class="hidden">Actions</span>
            </th>
          </tr>
        </thead>
        <tbody>
          {snapshots.map(({ name, createdAt, memoryBytes, missingOn }) => (
            <tr key={name}>
              <td>
                {name}
                {missingOn.length > 0 && <p class="problem">not on {missingOn.join(', ')}</p>}
              </td>
              <td class="numbers">{moment(createdAt)}</td>
              <td class="numbers">{memoryBytes === 0 ? 'disks only' : bytes(memoryBytes)}</td>
              <td>
                <div class="row">
                  <button
                    type="button"
                    aria-label={`Restore ${name}`}
                    disabled={missingOn.length > 0}
                    onClick={() => ask('Restore', name)}
                  >
                    Restore
                  </button>
                  <button
                    type="button"
                    class="danger"
                    aria-label={`Remove ${name}`}
                    onClick={() => ask('Remove', name)}
                  >
                    Remove
                  </button>
                </div>
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
