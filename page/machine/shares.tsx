import { machinePath } from '../api/client.ts';
import type { Share, SoundMachine } from '../api/types.ts';
import { AddForm } from '../parts/forms/add-form.tsx';
import { useAsked } from '../state/asked.ts';
import { Command } from '../parts/command.tsx';
import { shellCommand } from '../parts/format.ts';
import { Problem } from '../parts/problem.tsx';
import { type Asking, Question } from '../parts/question.tsx';
import { Table } from '../parts/table.tsx';
import { useLoaded } from '../state/loaded.ts';

const HEADINGS = ['Path', 'Type', 'Access', 'State', 'Source'] as const;
const TYPES = { bind: 'directory', volume: 'volume', tmpfs: 'in memory' } as const;

/** Directories of the host, volumes and file systems in memory that the guest has. */
export function SharesTab({ machine }: { readonly machine: SoundMachine }) {
  const { name, status } = machine;
  const { data, problem } = useLoaded<{ shares: readonly Share[] }>(machinePath(name, 'shares'), machine);
  const [asked, ask] = useAsked<Asking>();
  return (
    <>
      <AddForm
        label="Directory or volume to add, as SOURCE:PATH-IN-GUEST[:ro]"
        placeholder="/srv/data:/data"
        verb="Add"
        title={(share) => `Add ${share}:`}
        words={(share) => ['share', 'add', name, share]}
        path={machinePath(name, 'shares/add')}
        body={(share) => ({ share })}
      />
      {problem && <Problem problem={problem} />}
      {data?.shares.length === 0 && <p class="faint">No directories or volumes.</p>}
      {data && data.shares.length > 0 && (
        <Table label={`Directories of ${name}`} headings={HEADINGS} actions>
          {data.shares.map(({ target, type, readOnly, copy, live, removed, problem: failure, source }) => (
            <tr key={`${target} ${removed}`}>
              <td>
                <code>{target}</code>
              </td>
              <td>{TYPES[type]}</td>
              <td>{copy ? 'copy' : readOnly ? 'read-only' : 'read and write'}</td>
              <td>
                {removed
                  ? 'mounted until the machine stops'
                  : failure === undefined
                    ? stateOf(copy ? 'copied' : 'mounted', live, status.kind === 'running')
                    : `not mounted: ${failure}`}
              </td>
              <td>{source !== undefined && <code>{source}</code>}</td>
              <td>
                {!removed && (
                  <button
                    type="button"
                    class="danger"
                    aria-label={`Remove ${target}`}
                    onClick={() => ask(removalOf(name, target, copy ? 'copy' : type))}
                  >
                    Remove
                  </button>
                )}
              </td>
            </tr>
          ))}
        </Table>
      )}
      <Command text={shellCommand('vmlet', 'share', 'ls', name)} />
      {asked && <Question key={asked.key} asking={asked.about} close={asked.close} />}
    </>
  );
}

function stateOf(state: string, live: boolean, runs: boolean): string {
  if (live) return state;
  return runs ? `${state} at the next start` : '';
}

const REMOVALS = {
  bind: 'The files in the directory of the host are kept. If the machine is running, vmlet first unmounts the directory in the guest. Unmounting fails while a program in the guest uses the directory.',
  copy: 'The files in the directory of the host and their copies in the guest are kept. The next start copies nothing.',
  volume:
    'The volume and its files are kept. If the machine is running, the volume stays mounted until the machine stops.',
  tmpfs: 'If the machine is running, the file system stays mounted until the machine stops.',
} as const;

function removalOf(name: string, path: string, type: keyof typeof REMOVALS): Asking {
  return {
    title: `Remove ${path} from ${name}`,
    verb: 'Remove',
    text: REMOVALS[type],
    command: shellCommand('vmlet', 'share', 'rm', name, path),
    path: machinePath(name, 'shares/remove'),
    body: { path },
  };
}
