import { useState } from 'preact/hooks';
import { whyNotRestored, whyNotTaken } from '../actions/snapshot-refusals.ts';
import { machinePath } from '../api/client.ts';
import type { Snapshot, SoundMachine } from '../api/types.ts';
import { useAsked } from '../state/asked.ts';
import { Field, clearUsed } from '../parts/forms/field.tsx';
import { Checkbox } from '../parts/checkbox.tsx';
import { Command } from '../parts/command.tsx';
import { bytes, moment, shellCommand } from '../parts/format.ts';
import { Problem } from '../parts/problem.tsx';
import { type Asking, Question } from '../parts/question.tsx';
import { Table } from '../parts/table.tsx';
import { runAction } from '../state/notices.ts';
import { useLoaded } from '../state/loaded.ts';
import { treeOf } from './snapshot-tree.ts';

const HEADINGS = ['Name', 'Taken after', 'Created', 'Memory', 'State'] as const;
/** Deeper ones are not indented further: the window has an end. */
const DEEPEST = 8;

/** The snapshots of a machine, each below the one that the machine continued from. */
export function SnapshotsTab({ machine }: { readonly machine: SoundMachine }) {
  const { name } = machine;
  const { data, problem } = useLoaded<{ snapshots: readonly Snapshot[] }>(
    machinePath(name, 'snapshots'),
    machine,
  );
  const [asked, ask] = useAsked<Asking>();
  return (
    <>
      <NewSnapshot machine={machine} />
      {problem && <Problem problem={problem} />}
      {data?.snapshots.length === 0 && <p class="faint">No snapshots.</p>}
      {data && data.snapshots.length > 0 && (
        <Table label={`Snapshots of ${name}`} headings={HEADINGS} actions>
          {treeOf(data.snapshots).map(({ snapshot, depth }) => (
            <Row
              key={snapshot.name}
              snapshot={snapshot}
              depth={depth}
              whyNot={whyNotRestored(machine, snapshot)}
              ask={(verb) => ask(questionOf(verb, machine, snapshot))}
            />
          ))}
        </Table>
      )}
      <Command text={shellCommand('vmlet', 'snapshot', 'ls', name)} />
      {asked && <Question key={asked.key} asking={asked.about} close={asked.close} />}
    </>
  );
}

interface RowProperties {
  readonly snapshot: Snapshot;
  readonly depth: number;
  readonly whyNot: string;
  readonly ask: (verb: 'Restore' | 'Remove') => void;
}

function Row({ snapshot, depth, whyNot, ask }: RowProperties) {
  const { name, parent, createdAt, memoryBytes, missingOn, current } = snapshot;
  return (
    <tr>
      <td style={{ paddingInlineStart: `${0.5 + Math.min(depth, DEEPEST)}em` }}>{name}</td>
      <td>{parent}</td>
      <td class="numbers">{moment(createdAt)}</td>
      <td class="numbers">{memoryBytes === 0 ? 'disks only' : bytes(memoryBytes)}</td>
      <td>
        {current && <b title="The present state of the machine is based on this snapshot">current</b>}
        {missingOn.length > 0 && (
          <p class="problem">
            missing on {missingOn.join(', ')}: to restore it, first remove{' '}
            {missingOn.length > 1 ? 'these disks' : 'this disk'}
          </p>
        )}
        {whyNot && <p class="faint">{whyNot}</p>}
      </td>
      <td>
        <div class="row">
          <button
            type="button"
            aria-label={`Restore ${name}`}
            disabled={missingOn.length > 0 || whyNot !== ''}
            onClick={() => ask('Restore')}
          >
            Restore
          </button>
          <button type="button" class="danger" aria-label={`Remove ${name}`} onClick={() => ask('Remove')}>
            Remove
          </button>
        </div>
      </td>
    </tr>
  );
}

function questionOf(
  verb: 'Restore' | 'Remove',
  { name: machine, status }: SoundMachine,
  { name: snapshot, memoryBytes }: Snapshot,
): Asking {
  const restores = verb === 'Restore';
  const starts = memoryBytes > 0 && status.kind !== 'running';
  return {
    title: `${verb} snapshot ${snapshot}`,
    verb,
    text: restores
      ? `All changes of machine ${machine} that are not in a snapshot are lost.${starts ? ' Then the machine starts, with the memory of the snapshot.' : ''}`
      : 'The snapshot is permanently deleted. The present state of the machine does not change.',
    command: shellCommand('vmlet', 'snapshot', restores ? 'restore' : 'rm', machine, snapshot),
    path: machinePath(machine, `snapshots/${verb.toLowerCase()}`),
    body: restores ? { name: snapshot } : { names: [snapshot] },
  };
}

function NewSnapshot({ machine }: { readonly machine: SoundMachine }) {
  const { name, status } = machine;
  const [snapshot, setSnapshot] = useState('');
  const [disksOnly, setDisksOnly] = useState(false);
  const isRunning = status.kind === 'running';
  const whyNot = whyNotTaken(machine);
  const flags = isRunning && disksOnly ? ['--disks-only'] : [];
  const command = shellCommand('vmlet', 'snapshot', 'create', ...flags, name, snapshot || 'NAME');
  const create = (event: Event): void => {
    event.preventDefault();
    void runAction({
      path: machinePath(name, 'snapshots/create'),
      title: `Snapshot ${snapshot}:`,
      command,
      body: { name: snapshot, ...(flags.length > 0 && { disksOnly }) },
      succeeded: clearUsed(setSnapshot, snapshot),
    });
  };
  return (
    <form class="bar" onSubmit={create}>
      <Field label="Name of the new snapshot" value={snapshot} set={setSnapshot} required />
      {isRunning && (
        <Checkbox checked={disksOnly} set={setDisksOnly}>
          without memory
        </Checkbox>
      )}
      <button type="submit" class="main" disabled={whyNot !== ''}>
        Create snapshot
      </button>
      {whyNot && <p class="faint">{whyNot}</p>}
      <Command text={command} />
    </form>
  );
}
