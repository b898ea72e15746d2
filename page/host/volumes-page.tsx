import { useState } from 'preact/hooks';
import type { Volume } from '../api/types.ts';
import { useAsked } from '../state/asked.ts';
import { Command } from '../parts/command.tsx';
import { Field, clearUsed } from '../parts/forms/field.tsx';
import { bytes, moment, shellCommand } from '../parts/format.ts';
import { Problem } from '../parts/problem.tsx';
import { type Asking, Question } from '../parts/question.tsx';
import { Table } from '../parts/table.tsx';
import { useCurrent } from '../state/loaded.ts';
import { runAction } from '../state/notices.ts';
import { PruneDialog } from './prune.tsx';

const HEADINGS = ['Name', 'Size', 'On host', 'Created', 'Used by'] as const;

/** File systems with a name that outlive machines, and their users. */
export function VolumesPage() {
  const { data, problem } = useCurrent<{ volumes: readonly Volume[] }>('/v1/volumes');
  const [asked, ask] = useAsked<Asking | 'prune'>();
  return (
    <>
      <div class="bar">
        <h1>Volumes</h1>
        <button type="button" onClick={() => ask('prune')}>
          Prune …
        </button>
      </div>
      <NewVolume />
      {problem && <Problem problem={problem} />}
      {data?.volumes.length === 0 && <p class="faint">No volumes.</p>}
      {data && data.volumes.length > 0 && (
        <Table label="Volumes" headings={HEADINGS} actions>
          {data.volumes.map((volume) => (
            <tr key={volume.name}>
              <td>{volume.name}</td>
              <td class="numbers">{bytes(volume.sizeBytes)}</td>
              <td class="numbers">{bytes(volume.hostBytes)}</td>
              <td class="numbers">{moment(volume.createdAt)}</td>
              <td>{usersOf(volume)}</td>
              <td>
                <button
                  type="button"
                  class="danger"
                  aria-label={`Remove ${volume.name}`}
                  onClick={() => ask(removalOf(volume))}
                >
                  Remove
                </button>
              </td>
            </tr>
          ))}
        </Table>
      )}
      <Command text="vmlet volume ls" />
      {asked &&
        (asked.about === 'prune' ? (
          <PruneDialog key={asked.key} of="volume" close={asked.close} />
        ) : (
          <Question key={asked.key} asking={asked.about} close={asked.close} />
        ))}
    </>
  );
}

function usersOf({ machines, processes }: Volume): string {
  return [
    ...machines.map(({ name, target, readOnly }) => `${name} (${target}${readOnly ? ', read-only' : ''})`),
    ...processes.map((pid) => `a throw-away machine (process ${pid})`),
  ].join(', ');
}

function removalOf(volume: Volume): Asking {
  const { name, hostBytes, createdAt } = volume;
  const users = usersOf(volume);
  return {
    title: `Remove volume ${name}`,
    verb: 'Remove',
    ready: users === '',
    text:
      users === ''
        ? `The volume and its contents are permanently deleted (${bytes(hostBytes)} on this host).`
        : `The volume cannot be removed while it is in use by ${users}.`,
    command: shellCommand('vmlet', 'volume', 'rm', name),
    path: '/v1/volumes/remove',
    // With its time: another volume may have the name by then.
    body: { name, createdAt },
  };
}

function NewVolume() {
  const [name, setName] = useState('');
  const [size, setSize] = useState('');
  const sized = size !== '';
  const command = shellCommand(
    ...['vmlet', 'volume', 'create', ...(sized ? ['--size', size] : [])],
    name || 'data',
  );
  const create = (event: Event): void => {
    event.preventDefault();
    void runAction({
      path: '/v1/volumes',
      title: `Create volume ${name}:`,
      command,
      body: { name, ...(sized && { size }) },
      succeeded: clearUsed(setName, name),
    });
  };
  return (
    <form class="bar" onSubmit={create}>
      <Field label="Name of the new volume" value={name} set={setName} required placeholder="data" />
      <Field label="Size, such as 20G" value={size} set={setSize} placeholder="default: 10G" />
      <button type="submit" class="main">
        Create
      </button>
      <Command text={command} />
    </form>
  );
}
