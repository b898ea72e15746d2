import { useEffect, useState } from 'preact/hooks';
import { act, ApiError, get, problemOf } from '../api/client.ts';
import type { ApiProblem, Offered } from '../api/types.ts';
import { Checkbox } from '../parts/checkbox.tsx';
import { Command } from '../parts/command.tsx';
import { Problem } from '../parts/problem.tsx';
import { runAction } from '../state/notices.ts';
import { machineAddress } from '../state/route.ts';
import { type Fields, NO_FIELDS, optionsOf } from './fields.ts';

const CHECK_AFTER_MS = 250;

/** A new machine. The command that does the same changes with the fields. */
export function Create() {
  const [fields, setFields] = useState<Fields>(NO_FIELDS);
  const images = useImages();
  const { command, problem } = useCheck(fields);
  const isComplete = fields.name !== '' && (fields.image !== '' || fields.iso !== '');
  const create = async (): Promise<void> => {
    const accepted = await runAction({
      path: '/v1/machines',
      title: `Create ${fields.name}:`,
      command,
      body: optionsOf(fields),
    });
    if (accepted) location.hash = fields.start ? machineAddress(fields.name, 'serial') : '#/machines';
  };
  const field = (key: TextKey, label: string, placeholder = '') => (
    <label key={key}>
      {label}
      <input
        type="text"
        value={fields[key]}
        placeholder={placeholder}
        autocomplete="off"
        {...(key === 'image' && { list: 'images' })}
        onInput={(event) => setFields({ ...fields, [key]: event.currentTarget.value })}
      />
    </label>
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
      {TEXT_FIELDS.map(([key, label, placeholder]) => field(key, label, placeholder))}
      <datalist id="images">
        {images.map(({ reference, description }) => (
          <option key={reference} value={reference}>
            {description}
          </option>
        ))}
      </datalist>
      <Checkbox checked={fields.start} set={(start) => setFields({ ...fields, start })}>
        Start the machine
      </Checkbox>
      <Command text={command} />
      <div class="check">{isComplete && problem && <Problem problem={problem} />}</div>
      <button type="submit" class="main" disabled={!isComplete || problem !== undefined}>
        Create
      </button>
    </form>
  );
}

type TextKey = Exclude<keyof Fields, 'start'>;

const TEXT_FIELDS: readonly (readonly [key: TextKey, label: string, placeholder: string])[] = [
  ['name', 'Name', 'web'],
  ['image', 'Image, or path of a disk', 'debian:13'],
  ['iso', 'Install medium (path of an ISO), instead of an image', ''],
  ['memory', 'Memory', '2G'],
  ['cpus', 'Processors', '2'],
  ['diskSize', 'Size of the first disk', '20G'],
  ['ports', 'Ports to publish, separated by spaces', '8080:80'],
  ['user', 'User to create (images with cloud-init)', ''],
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

/** The server’s verdict on the fields, a moment after the last key. */
function useCheck(fields: Fields): { readonly command: string; readonly problem: ApiProblem | undefined } {
  const [checked, setChecked] = useState<{ command: string; problem: ApiProblem | undefined }>({
    command: 'vmlet create',
    problem: undefined,
  });
  useEffect(() => {
    let isCurrent = true;
    const timer = setTimeout(() => {
      act('/v1/machines/check', optionsOf(fields)).then(
        ({ command }) => isCurrent && setChecked({ command, problem: undefined }),
        (error: unknown) => {
          if (!isCurrent) return;
          const known = error instanceof ApiError ? error.command : undefined;
          setChecked(({ command }) => ({ command: known ?? command, problem: problemOf(error) }));
        },
      );
    }, CHECK_AFTER_MS);
    return () => {
      isCurrent = false;
      clearTimeout(timer);
    };
  }, [fields]);
  return checked;
}
