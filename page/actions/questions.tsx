import { useEffect, useState } from 'preact/hooks';
import { get, machinePath, problemOf } from '../api/client.ts';
import type { ApiProblem, Disk, SoundMachine } from '../api/types.ts';
import { Checkbox } from '../parts/checkbox.tsx';
import { Dialog } from '../parts/dialog.tsx';
import { bytes, shellCommand } from '../parts/format.ts';
import { Problem } from '../parts/problem.tsx';
import type { MachineAction } from './actions.ts';

export interface QuestionProperties {
  readonly machine: SoundMachine;
  readonly action: MachineAction;
  readonly answer: (action: MachineAction) => void;
  readonly close: () => void;
}

/** Asks before an action that needs a name or may lose something. */
export function Question(properties: QuestionProperties) {
  switch (properties.action.kind) {
    case 'clone':
      return <NewName {...properties} verb="Clone" />;
    case 'rename':
      return <NewName {...properties} verb="Rename" />;
    case 'remove':
      return <Removal {...properties} />;
    default:
      return <Loss {...properties} />;
  }
}

const LOSSES: Readonly<Record<string, string>> = {
  kill: 'The machine is powered off immediately. The guest cannot shut down: data that it has not written is lost.',
  reset:
    'The machine is reset immediately. The guest cannot shut down: data that it has not written is lost.',
  start:
    'The saved memory is discarded: the state of running programs is lost. The guest boots as after a power failure.',
};

function Loss({ machine, action, answer, close }: QuestionProperties) {
  return (
    <Dialog
      title={`${action.label}: ${machine.name}?`}
      verb={action.label}
      danger
      command={action.command}
      run={() => answer(action)}
      close={close}
    >
      <p>{LOSSES[action.kind]}</p>
    </Dialog>
  );
}

function NewName({ machine, action, answer, close, verb }: QuestionProperties & { readonly verb: string }) {
  const isClone = action.kind === 'clone';
  const [name, setName] = useState(isClone ? `${machine.name}-2` : machine.name);
  const [linked, setLinked] = useState(false);
  const flags = isClone && linked ? ['--linked'] : [];
  const command = shellCommand('vmlet', action.kind, ...flags, machine.name, name);
  return (
    <Dialog
      title={`${verb} ${machine.name}`}
      verb={verb}
      command={command}
      run={() => answer({ ...action, command, body: isClone ? { name, linked } : { name } })}
      close={close}
    >
      <label>
        New name
        <input
          required
          value={name}
          pattern="[A-Za-z0-9]([A-Za-z0-9\-]*[A-Za-z0-9])?"
          title="letters, digits and hyphens, but no hyphen at the beginning or end"
          onInput={(event) => setName(event.currentTarget.value)}
        />
      </label>
      {isClone && (
        <Checkbox checked={linked} set={setLinked}>
          Share the current contents of the disks with the original: fast, and takes almost no space
        </Checkbox>
      )}
    </Dialog>
  );
}

function Removal({ machine, action, answer, close }: QuestionProperties) {
  const [storage, setStorage] = useState(false);
  const [disks, setDisks] = useState<readonly Disk[] | ApiProblem>();
  useEffect(() => {
    const stop = new AbortController();
    get<{ disks: readonly Disk[] }>(machinePath(machine.name, 'disks'), stop.signal).then(
      ({ disks: found }) => setDisks(found),
      (error: unknown) => !stop.signal.aborted && setDisks(problemOf(error)),
    );
    return () => stop.abort();
  }, [machine.name]);
  const force = machine.status.kind === 'running';
  const flags = [...(storage ? ['--storage'] : []), ...(force ? ['--force'] : [])];
  const command = shellCommand('vmlet', 'rm', ...flags, machine.name);
  return (
    <Dialog
      title={`Remove ${machine.name}?`}
      verb={storage ? 'Remove with its disks' : 'Remove'}
      danger
      command={command}
      run={() => answer({ ...action, command, body: { storage, force } })}
      close={close}
    >
      {force && <p>The machine is running. It is powered off first.</p>}
      <p>Its settings, keys, logs, TPM state and UEFI variables are deleted.</p>
      <Checkbox checked={storage} set={setStorage}>
        Delete its disks too
      </Checkbox>
      <section aria-live="polite">
        {storage ? <b>These disks will be permanently deleted:</b> : 'These disks are kept:'}
        <Disks disks={disks} storage={storage} />
      </section>
    </Dialog>
  );
}

interface DisksProperties {
  readonly disks: readonly Disk[] | ApiProblem | undefined;
  readonly storage: boolean;
}

function Disks({ disks, storage }: DisksProperties) {
  if (!disks) return <p class="faint">…</p>;
  if ('code' in disks) return <Problem problem={disks} />;
  if (disks.length === 0) return <p>no disks</p>;
  return (
    <ul>
      {disks.map(({ name, path, actualBytes, owned }) => (
        <li key={name}>
          <code>{path}</code>
          {actualBytes !== undefined && ` (${bytes(actualBytes)})`}
          {storage && !owned && ': kept, because it does not belong to this machine'}
        </li>
      ))}
    </ul>
  );
}
