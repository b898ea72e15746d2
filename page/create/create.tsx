import { Checkbox } from '../parts/checkbox.tsx';
import { Command } from '../parts/command.tsx';
import { Problem } from '../parts/problem.tsx';
import { runAction } from '../state/notices.ts';
import { machineAddress, route } from '../state/route.ts';
import { useValue } from '../values/observable.ts';
import { useCheck } from './check.ts';
import { Field, withoutField } from './field.tsx';
import { clear, keep, missingIn, optionsOf, type TextKey, typed } from './fields.ts';
import { GuestParts, UserData } from './guest-parts.tsx';
import { ImageChoice } from './image-choice.tsx';

/** A new machine. The command that does the same changes with the fields. */
export function Create() {
  const fields = useValue(typed);
  const { command, isAccepted, problem, place: checked } = useCheck(fields);
  const place = checked && fields[checked.key] !== '' ? checked : undefined;
  const missing = missingIn(fields);
  const create = async (): Promise<void> => {
    const accepted = await runAction({
      path: '/v1/machines',
      title: `Create ${fields.name}:`,
      command,
      body: optionsOf(fields),
      succeeded: () => {
        // The next machine may have been typed while this one was created.
        if (typed.value === fields) clear();
      },
    });
    // The answer may come after the user has left the form.
    if (!accepted || route.value.page !== 'create') return;
    location.hash = fields.start ? machineAddress(fields.name, 'serial') : '#/machines';
  };
  const field = ([key, label, placeholder = '']: TextField) => (
    <Field
      key={key}
      label={label}
      placeholder={(fields.image === 'micro' && OF_MICRO[key]) || placeholder}
      value={fields[key]}
      set={(value) => keep({ [key]: value })}
      problem={key === place?.key ? problem : undefined}
      list={key === 'image' ? 'images' : undefined}
    />
  );
  return (
    <form
      class="create"
      onSubmit={(event) => {
        event.preventDefault();
        void create();
      }}
    >
      <h1>New machine</h1>
      {BEFORE_CHOICE.map(field)}
      <ImageChoice typed={fields.image} choose={(image) => keep({ image })} />
      {AFTER_CHOICE.map(field)}
      <GuestParts fields={fields} problem={problem} place={place} />
      <UserData fields={fields} problem={problem} place={place} />
      <Checkbox checked={fields.start} set={(start) => keep({ start })}>
        Start the machine
      </Checkbox>
      <Command text={command} />
      {fields.userData !== '' && <p class="faint">FILE is a file with the user-data.</p>}
      <div class="check">{missing === '' && problem && !place && <Problem problem={problem} />}</div>
      <div class="row">
        <button type="submit" class="main" disabled={missing !== '' || !isAccepted}>
          Create
        </button>
        <span class="faint" role="status">
          {missing || (place && problem ? `Not valid: ${withoutField(problem)}` : '')}
        </span>
      </div>
    </form>
  );
}

type TextField = readonly [key: TextKey, label: string, placeholder?: string];

const BEFORE_CHOICE: readonly TextField[] = [
  ['name', 'Name', 'web'],
  ['image', 'Image, or path of a disk', 'debian:13'],
];

/** The defaults of micro; those below are of other images. */
const OF_MICRO: Readonly<Partial<Record<TextKey, string>>> = { memory: '256M', cpus: '1', diskSize: '10G' };

const AFTER_CHOICE: readonly TextField[] = [
  ['iso', 'Path of an installer ISO, instead of an image'],
  ['memory', 'Memory', '2G'],
  ['cpus', 'Processors', '2'],
  ['diskSize', 'Size of the first disk', '20G'],
  [
    'ports',
    'Ports to publish, as HOST:GUEST, or GUEST for any free port of the host, separated by spaces or commas',
    '8080:80',
  ],
  ['labels', 'Labels, as KEY=VALUE, separated by spaces', 'team=shop'],
  ['user', 'User to create in the guest, who may use sudo (only for images with cloud-init)'],
  ['sshKey', 'Public ssh key of the user; a password needs user-data', 'ssh-ed25519 …'],
];
