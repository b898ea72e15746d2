import { useId, useState } from 'preact/hooks';
import type { ApiProblem, Network, Volume } from '../api/types.ts';
import { Checkbox } from '../parts/checkbox.tsx';
import { Field } from '../parts/forms/field.tsx';
import { useCurrent } from '../state/loaded.ts';
import { FieldProblem } from './field.tsx';
import { type Fields, keep, type Place } from './fields.ts';
import { Rows } from './rows.tsx';

const PLACEHOLDER = `#cloud-config
packages: [nginx]
chpasswd:
  expire: false
  users: [{name: me, password: secret, type: text}]`;
/** Bytes, so that the request with it stays below the limit of the server. */
const MOST_USER_DATA = 500_000;

interface Properties {
  readonly fields: Fields;
  readonly problem: ApiProblem | undefined;
  /** The field that the problem is about. */
  readonly place: Place | undefined;
}

/** Further disks, directories and volumes, and private networks. */
export function GuestParts({ fields, problem, place }: Properties) {
  const id = useId();
  const volumes = useCurrent<{ volumes: readonly Volume[] }>('/v1/volumes').data?.volumes ?? [];
  const networks = useCurrent<{ networks: readonly Network[] }>('/v1/networks').data?.networks;
  const names = networks?.map(({ name }) => name) ?? [];
  const other = names.find((name) => !fields.networks.some(({ network }) => network === name));
  const at = place?.row;
  const problemOf = (key: Place['key']): ApiProblem | undefined => (place?.key === key ? problem : undefined);
  return (
    <>
      <Rows
        one="disk"
        title="Further disks"
        rows={fields.disks}
        set={(disks) => keep({ disks })}
        fresh=""
        problem={problemOf('disks')}
        at={at}
        fields={(disk, change, marks, number) => (
          <Field
            label={`Disk ${number}: a size, or the path of a file`}
            placeholder="20G"
            value={disk}
            set={change}
            marks={marks}
          />
        )}
      />
      <Rows
        one="volume"
        title="Directories and volumes"
        rows={fields.volumes}
        set={(rows) => keep({ volumes: rows })}
        fresh={{ source: '', target: '', readOnly: false }}
        problem={problemOf('volumes')}
        at={at}
        fields={(row, change, marks, number) => (
          <>
            <Field
              label={`Directory or volume ${number}`}
              placeholder="/srv/data"
              value={row.source}
              set={(source) => change({ ...row, source })}
              list={id}
              marks={marks}
            />
            <Field
              label={`Path ${number} in the guest`}
              placeholder="/data"
              value={row.target}
              set={(target) => change({ ...row, target })}
              marks={marks}
            />
            <Checkbox checked={row.readOnly} set={(readOnly) => change({ ...row, readOnly })}>
              Read-only<span class="hidden"> {number}</span>
            </Checkbox>
          </>
        )}
      >
        <datalist id={id}>
          {volumes.map(({ name }) => (
            <option key={name} value={name}>
              volume
            </option>
          ))}
        </datalist>
      </Rows>
      <Rows
        one="network"
        title="Private networks"
        rows={fields.networks}
        set={(rows) => keep({ networks: rows })}
        fresh={other === undefined ? undefined : { network: other, alias: '' }}
        problem={problemOf('networks')}
        at={at}
        fields={(row, change, marks, number) => (
          <>
            <label class="field">
              Network {number}
              <select
                value={row.network}
                onChange={(event) => change({ ...row, network: event.currentTarget.value })}
                {...marks}
              >
                {[...new Set([row.network, ...names])].sort().map((name) => (
                  <option key={name}>{name}</option>
                ))}
              </select>
            </label>
            <Field
              label={`Additional name of the machine in network ${number}`}
              value={row.alias}
              set={(alias) => change({ ...row, alias })}
              marks={marks}
            />
          </>
        )}
      >
        {networks?.length === 0 && (
          <p class="faint">
            There are no private networks. <a href="#/networks">Create one</a>.
          </p>
        )}
      </Rows>
    </>
  );
}

/** User-data of cloud-init, typed or from a file. */
export function UserData({ fields, problem, place }: Properties) {
  const id = useId();
  const [unread, setUnread] = useState<ApiProblem>();
  const wrong = unread ?? (place?.key === 'userData' ? problem : undefined);
  const read = async (input: HTMLInputElement): Promise<void> => {
    const [file] = input.files ?? [];
    if (!file) return;
    const text = await textOf(file);
    setUnread(text === undefined ? problemOf(file) : undefined);
    if (text !== undefined) keep({ userData: text });
    // The same file can be chosen again after a change.
    input.value = '';
  };
  return (
    <fieldset>
      <legend>First boot</legend>
      <label>
        User-data of cloud-init, beside the user and key above
        <textarea
          rows={6}
          value={fields.userData}
          placeholder={PLACEHOLDER}
          spellcheck={false}
          aria-invalid={wrong !== undefined}
          aria-describedby={id}
          onInput={(event) => {
            setUnread(undefined);
            keep({ userData: event.currentTarget.value });
          }}
        />
      </label>
      <FieldProblem id={id} problem={wrong} />
      <label>
        User-data from a file of this computer
        <input type="file" onChange={(event) => void read(event.currentTarget)} />
      </label>
    </fieldset>
  );
}

/** Undefined for a file that is too large, is not UTF-8 or cannot be read. */
async function textOf(file: File): Promise<string | undefined> {
  if (file.size > MOST_USER_DATA) return undefined;
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(await file.arrayBuffer());
  } catch {
    return undefined;
  }
}

function problemOf({ name }: File): ApiProblem {
  return {
    code: 'VMLET_INVALID_INPUT',
    message: `${name} cannot be used: it is larger than 500 kB, is not UTF-8 text, or cannot be read`,
    hint: 'choose another file, or type the user-data',
  };
}
