import { useEffect, useState } from 'preact/hooks';
import { get } from '../api/client.ts';
import type { Offered } from '../api/types.ts';
import { Checkbox } from '../parts/checkbox.tsx';
import { Command } from '../parts/command.tsx';
import { Problem } from '../parts/problem.tsx';
import { runAction } from '../state/notices.ts';
import { machineAddress } from '../state/route.ts';
import { useValue } from '../values/observable.ts';
import { useCheck } from './check.ts';
import { Field } from './field.tsx';
import { clear, type Fields, fieldOf, keep, optionsOf, type TextKey, typed } from './fields.ts';

/** A new machine. The command that does the same changes with the fields. */
export function Create() {
  const fields = useValue(typed);
  const images = useImages();
  const { command, problem } = useCheck(fields);
  const missing = missingIn(fields);
  const named = fieldOf(problem?.field);
  // The empty field may be missing only because of another one.
  const wrong = named && fields[named] !== '' ? named : undefined;
  const create = async (): Promise<void> => {
    const accepted = await runAction({
      path: '/v1/machines',
      title: `Create ${fields.name}:`,
      command,
      body: optionsOf(fields),
      succeeded: clear,
    });
    if (!accepted) return;
    location.hash = fields.start ? machineAddress(fields.name, 'serial') : '#/machines';
  };
  return (
    <form
      class="create"
      onSubmit={(event) => {
        event.preventDefault();
        void create();
      }}
    >
      <h1>New machine</h1>
      {TEXT_FIELDS.map(([key, label, placeholder = '']) => (
        <Field
          key={key}
          label={label}
          placeholder={placeholder}
          value={fields[key]}
          set={(value) => keep({ ...fields, [key]: value })}
          problem={key === wrong ? problem : undefined}
          list={key === 'image' ? 'images' : undefined}
        />
      ))}
      <datalist id="images">
        {images.map(({ reference, description }) => (
          <option key={reference} value={reference}>
            {description}
          </option>
        ))}
      </datalist>
      <Checkbox checked={fields.start} set={(start) => keep({ ...fields, start })}>
        Start the machine
      </Checkbox>
      <Command text={command} />
      <div class="check">{missing === '' && problem && !wrong && <Problem problem={problem} />}</div>
      <div class="row">
        <button type="submit" class="main" disabled={missing !== '' || problem !== undefined}>
          Create
        </button>
        <span class="faint" role="status">
          {missing}
        </span>
      </div>
    </form>
  );
}

function missingIn({ name, image, iso }: Fields): string {
  if (name === '') return 'Enter a name.';
  return image === '' && iso === '' ? 'Enter an image or an install medium.' : '';
}

const TEXT_FIELDS: readonly (readonly [key: TextKey, label: string, placeholder?: string])[] = [
  ['name', 'Name', 'web'],
  ['image', 'Image, or path of a disk', 'debian:13'],
  ['iso', 'Install medium (path of an ISO), instead of an image'],
  ['memory', 'Memory', '2G'],
  ['cpus', 'Processors', '2'],
  ['diskSize', 'Size of the first disk', '20G'],
  ['ports', 'Ports to publish, HOST:GUEST, separated by spaces', '8080:80'],
  ['labels', 'Labels, KEY=VALUE, separated by spaces', 'team=shop'],
  ['user', 'User to create in the guest (only for images with cloud-init)'],
  ['sshKey', 'Public ssh key of the user', 'ssh-ed25519 …'],
];

/** The catalogue, and the images that are here. */
function useImages(): readonly Offered[] {
  const [images, setImages] = useState<readonly Offered[]>([]);
  useEffect(() => {
    const stop = new AbortController();
    Promise.all([
      get<{ images: readonly { name?: string }[] }>('/v1/images', stop.signal),
      get<{ images: readonly Offered[] }>('/v1/catalogue', stop.signal),
    ]).then(
      ([local, catalogue]) => {
        const names = local.images.flatMap(({ name }) => name ?? []);
        const here = names.map((reference) => ({ reference, description: 'on this host' }));
        setImages([...here, ...catalogue.images.filter(({ reference }) => !names.includes(reference))]);
      },
      // The list is only a help: a name can be typed without it.
      () => undefined,
    );
    return () => stop.abort();
  }, []);
  return images;
}
