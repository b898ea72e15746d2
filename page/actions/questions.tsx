import { useState } from 'preact/hooks';
import { machinePath } from '../api/client.ts';
import type { Disk, Snapshot } from '../api/types.ts';
import { Checkbox } from '../parts/checkbox.tsx';
import { Dialog } from '../parts/dialog.tsx';
import { bytes, shellCommand } from '../parts/format.ts';
import { Problem } from '../parts/problem.tsx';
import { useLoaded } from '../state/loaded.ts';
import { useRefusal } from '../state/refusal.ts';
import type { QuestionProperties } from './actions.ts';
import { SettingsQuestion } from './settings.tsx';

/** Asks before an action that needs a name or may lose something. */
export function Question(properties: QuestionProperties) {
  switch (properties.action.kind) {
    case 'clone':
      return <NewName {...properties} verb="Clone" />;
    case 'rename':
      return <NewName {...properties} verb="Rename" />;
    case 'set':
      return <SettingsQuestion {...properties} />;
    case 'remove':
      return <Removal {...properties} />;
    default:
      return <Loss {...properties} />;
  }
}

const LOSSES: Readonly<Record<string, string>> = {
  kill: 'The machine is powered off immediately, without a shutdown of the guest. Data that the guest has not written to its disks is lost.',
  reset:
    'The machine is reset immediately, without a shutdown of the guest. Data that the guest has not written to its disks is lost.',
  start:
    'The saved memory is discarded: the state of running programs is lost. The guest boots as it does after a power failure.',
};

function Loss({ machine, action, answer, close }: QuestionProperties) {
  return (
    <Dialog
      title={`${action.label}: ${machine.name}?`}
      verb={action.label}
      danger
      command={action.command}
      run={() => void answer(action)}
      close={close}
    >
      <p>{LOSSES[action.kind]}</p>
    </Dialog>
  );
}

function NewName({ machine, action, answer, close, verb }: QuestionProperties & { readonly verb: string }) {
  const isClone = action.kind === 'clone';
  const { problem, refused, forget } = useRefusal();
  const [name, setName] = useState(isClone ? `${machine.name}-2` : machine.name);
  const [linked, setLinked] = useState(false);
  const flags = isClone && linked ? ['--linked'] : [];
  const command = shellCommand('vmlet', action.kind, ...flags, machine.name, name);
  return (
    <Dialog
      title={`${verb} ${machine.name}`}
      verb={verb}
      command={command}
      run={async () => answer({ ...action, command, body: isClone ? { name, linked } : { name } }, refused)}
      close={close}
    >
      <label>
        New name
        <input
          required
          value={name}
          pattern="[A-Za-z0-9]([A-Za-z0-9\-]*[A-Za-z0-9])?"
          title="letters, digits and hyphens, but no hyphen at the beginning or end"
          onInput={(event) => {
            forget();
            setName(event.currentTarget.value);
          }}
        />
      </label>
      {problem && <Problem problem={problem} />}
      {isClone && (
        <Checkbox
          checked={linked}
          set={(checked) => {
            forget();
            setLinked(checked);
          }}
        >
          Share the current contents of the disks with the original: fast, and takes almost no space
        </Checkbox>
      )}
    </Dialog>
  );
}

function Removal({ machine, action, answer, close }: QuestionProperties) {
  const { name, spec, status } = machine;
  // Another machine may have the name by the time of the answer.
  const [id] = useState(spec.id);
  const [storage, setStorage] = useState(false);
  const { data: disks, problem } = useLoaded<{ disks: readonly Disk[] }>(machinePath(name, 'disks'), machine);
  const { data: snapshots, problem: unknown } = useLoaded<{ snapshots: readonly Snapshot[] }>(
    machinePath(name, 'snapshots'),
    machine,
  );
  const force = status.kind === 'running';
  // The other ones stay where they are.
  const moved = spec.disks.filter(({ file }) => !file.startsWith('/')).map((disk) => disk.name);
  const flags = [...(storage ? ['--storage'] : []), ...(force ? ['--force'] : [])];
  const command = shellCommand('vmlet', 'rm', ...flags, name);
  return (
    <Dialog
      title={`Remove ${name}?`}
      verb={storage ? 'Remove machine and disks' : 'Remove'}
      danger
      ready={!spec.protected}
      command={command}
      run={() => void answer({ ...action, command, body: { id, storage, force } })}
      close={close}
    >
      {spec.protected && <p class="problem">Machine {name} is protected. Remove the protection first.</p>}
      {force && <p>The machine is running. It is powered off first.</p>}
      <p>Its settings, ssh keys and logs are deleted, with any TPM state and UEFI variables.</p>
      {unknown && <Problem problem={unknown} />}
      {snapshots && snapshots.snapshots.length > 0 && (
        <p>
          <b>Its snapshots can no longer be restored:</b>{' '}
          {snapshots.snapshots.map((snapshot) => snapshot.name).join(', ')}
        </p>
      )}
      <Checkbox checked={storage} set={setStorage}>
        Delete its disks too
      </Checkbox>
      <section aria-live="polite">
        {storage ? (
          <b>
            These disks will be permanently deleted
            {disks?.disks.some(({ owned }) => !owned) && ', unless marked as kept'}:
          </b>
        ) : (
          `These disks are kept${disks?.disks.some(({ temporary }) => temporary) ? ', unless marked as deleted' : ''}.${moved.length > 0 ? ' Those without a path are in the directory of the machine, which is deleted. They are moved to another directory; the paths are shown after the removal, and on the page Host.' : ''}`
        )}
        {problem ? (
          <Problem problem={problem} />
        ) : (
          <Disks disks={disks?.disks} storage={storage} moved={moved} />
        )}
      </section>
    </Dialog>
  );
}

interface DisksProperties {
  readonly disks: readonly Disk[] | undefined;
  readonly storage: boolean;
  /** Disks that get another path if they are kept. */
  readonly moved: readonly string[];
}

function Disks({ disks, storage, moved }: DisksProperties) {
  if (!disks) return <p class="faint">…</p>;
  if (disks.length === 0) return <p>no disks</p>;
  return (
    <ul>
      {disks.map(({ name, path, actualBytes, owned, temporary }) => (
        <li key={name}>
          <code>{storage || !moved.includes(name) ? path : name}</code>
          {actualBytes !== undefined && ` (${bytes(actualBytes)})`}
          {storage && !owned && ': kept, because it was added as a read-only file'}
          {!storage && temporary && ': deleted, because vmlet run --detach made it for its command'}
        </li>
      ))}
    </ul>
  );
}
