import { useState } from 'preact/hooks';
import { machinePath } from '../api/client.ts';
import type { Disk, SoundMachine } from '../api/types.ts';
import { AddForm } from '../parts/forms/add-form.tsx';
import { useAsked } from '../state/asked.ts';
import { Checkbox } from '../parts/checkbox.tsx';
import { Command } from '../parts/command.tsx';
import { Dialog } from '../parts/dialog.tsx';
import { bytes, shellCommand } from '../parts/format.ts';
import { Problem } from '../parts/problem.tsx';
import { Table } from '../parts/table.tsx';
import { useLoaded } from '../state/loaded.ts';
import { runAction } from '../state/notices.ts';
import { useRefusal } from '../state/refusal.ts';
import { Drives } from './drives.tsx';

interface Asked {
  readonly verb: 'Resize' | 'Remove';
  readonly disk: Disk;
}

const HEADINGS = ['Name', 'Format', 'Size', 'On host', 'Use', 'File'] as const;

/** The disks and CD drives of a machine; a running one gets most changes at once. */
export function DisksTab({ machine }: { readonly machine: SoundMachine }) {
  const { name } = machine;
  const { data, problem } = useLoaded<{ disks: readonly Disk[] }>(machinePath(name, 'disks'), machine);
  const [asked, ask] = useAsked<Asked>();
  const isRunning = machine.status.kind === 'running';
  return (
    <>
      <AddForm
        label="Disk to add: the size of an empty disk, or the path of a file"
        placeholder="20G"
        verb="Add disk"
        title={(disk) => `Add disk ${disk}:`}
        words={(disk) => ['disk', 'add', name, disk]}
        path={machinePath(name, 'disks/add')}
        body={(disk) => ({ disk })}
      />
      {problem && <Problem problem={problem} />}
      {data?.disks.length === 0 && <p class="faint">No disks.</p>}
      {data && data.disks.length > 0 && (
        <Table label={`Disks of ${name}`} headings={HEADINGS} actions>
          {data.disks.map((disk) => (
            <tr key={disk.name}>
              <td>{disk.name}</td>
              <td>{disk.format}</td>
              <td class="numbers">{disk.virtualBytes !== undefined && bytes(disk.virtualBytes)}</td>
              <td class="numbers">{disk.actualBytes !== undefined && bytes(disk.actualBytes)}</td>
              <td>
                {useOf(disk)}
                {disk.nextStart && <p class="faint">{`${useOf(disk.nextStart)} at the next start`}</p>}
                {isRunning && disk.port === undefined && <p class="faint">attached at the next start</p>}
              </td>
              <td>
                <code>{disk.path}</code>
                {disk.problem !== undefined && <p class="problem">{disk.problem}</p>}
              </td>
              <td>
                <div class="row">
                  {(['Resize', 'Remove'] as const).map((verb) => (
                    <button
                      key={verb}
                      type="button"
                      class={verb === 'Remove' ? 'danger' : ''}
                      aria-label={`${verb} ${disk.name}`}
                      onClick={() => ask({ verb, disk })}
                    >
                      {verb} …
                    </button>
                  ))}
                </div>
              </td>
            </tr>
          ))}
        </Table>
      )}
      <Command text={shellCommand('vmlet', 'disk', 'ls', name)} />
      <Drives machine={machine} />
      {asked && asked.about.verb === 'Resize' && (
        <Resize key={asked.key} machine={name} disk={asked.about.disk} close={asked.close} />
      )}
      {asked && asked.about.verb === 'Remove' && (
        <Removal key={asked.key} machine={name} disk={asked.about.disk} close={asked.close} />
      )}
    </>
  );
}

function useOf({ cache, discard, readOnly }: NonNullable<Disk['nextStart']>): string {
  return [cache, ...(discard ? [] : ['no discard']), ...(readOnly ? ['read-only'] : [])].join(', ');
}

interface DialogProperties {
  readonly machine: string;
  readonly disk: Disk;
  readonly close: () => void;
}

function Resize({ machine, disk, close }: DialogProperties) {
  const [size, setSize] = useState('+10G');
  const [shrink, setShrink] = useState(false);
  const { problem, refused, forget } = useRefusal();
  const flags = shrink ? ['--shrink'] : [];
  const command = shellCommand('vmlet', 'disk', 'resize', ...flags, machine, disk.name, size);
  return (
    <Dialog
      title={`Resize ${disk.name}`}
      verb="Resize"
      danger={shrink}
      ready={size !== ''}
      command={command}
      run={async () =>
        runAction({
          path: machinePath(machine, 'disks/resize'),
          title: `Resize ${disk.name}:`,
          command,
          body: { name: disk.name, id: disk.id, size, shrink },
          refused,
        })
      }
      close={close}
    >
      <label>
        New size such as 30G, or increment such as +10G
        <input
          value={size}
          onInput={(event) => {
            forget();
            setSize(event.currentTarget.value);
          }}
        />
      </label>
      {problem && <Problem problem={problem} />}
      <Checkbox
        checked={shrink}
        set={(checked) => {
          forget();
          setShrink(checked);
        }}
      >
        Allow a smaller size; data beyond the new size is lost
      </Checkbox>
      <p>To use the new space, enlarge the file systems in the guest.</p>
    </Dialog>
  );
}

function Removal({ machine, disk, close }: DialogProperties) {
  const [storage, setStorage] = useState(false);
  const flags = storage ? ['--storage'] : [];
  const command = shellCommand('vmlet', 'disk', 'rm', ...flags, machine, disk.name);
  return (
    <Dialog
      title={`Remove ${disk.name} from ${machine}?`}
      verb={storage ? 'Remove disk and file' : 'Remove'}
      danger
      command={command}
      run={() =>
        void runAction({
          path: machinePath(machine, 'disks/remove'),
          title: `Remove ${disk.name}:`,
          command,
          // By its id: another disk may have the name by then.
          body: { name: disk.name, id: disk.id, storage },
        })
      }
      close={close}
    >
      <p>If the machine is running, the guest must release the disk first.</p>
      <Checkbox checked={storage} set={setStorage}>
        Delete the file of the disk too
      </Checkbox>
      <p>
        {storage && disk.owned ? (
          <>
            <b>This file will be permanently deleted: </b>
            <code>{disk.path}</code>
          </>
        ) : (
          `The file is kept${storage ? ', because it was added as a read-only file' : ''}. Its path is shown after the removal.`
        )}
      </p>
    </Dialog>
  );
}
