import { useLayoutEffect, useRef, useState } from 'preact/hooks';
import { machinePath, problemOf, request } from '../api/client.ts';
import type { ApiProblem, GuestFile, SoundMachine } from '../api/types.ts';
import { Command } from '../parts/command.tsx';
import { bytes, moment, shellCommand } from '../parts/format.ts';
import { useAsked } from '../state/asked.ts';
import { Dialog } from '../parts/dialog.tsx';
import { Problem } from '../parts/problem.tsx';
import { Table } from '../parts/table.tsx';
import { useKeptFocus } from '../state/kept-focus.ts';
import { useLoaded } from '../state/loaded.ts';
import { directoryAddress, route } from '../state/route.ts';
import { useValue } from '../values/observable.ts';

/** The browser holds a download in its memory. */
const LARGEST_DOWNLOAD = 2 ** 30;
/** The directory that is shown first. */
const HOME = '/root';
const HEADINGS = ['Name', 'Size', 'Mode', 'Modified'] as const;

interface Listing {
  readonly path: string;
  readonly entries: readonly GuestFile[];
}

/** Files of the guest, through its agent. */
export function FilesTab({ machine: { name, state, status } }: { readonly machine: SoundMachine }) {
  const here = useValue(route);
  if (status.kind !== 'running') return <p>Machine {name} is not running. Start it to see its files.</p>;
  // Its agent does not answer.
  if (state === 'paused') return <p>Machine {name} is paused. Resume it to see its files.</p>;
  return <Directory name={name} path={(here.page === 'machine' && here.directory) || HOME} />;
}

function Directory({ name, path }: { readonly name: string; readonly path: string }) {
  const [typed, setTyped] = useState(path);
  const listing = useRef<HTMLElement>(null);
  useLayoutEffect(() => setTyped(path), [path]);
  useKeptFocus(listing);
  const { data, problem, reload } = useLoaded<Listing>(
    machinePath(name, `files?path=${encodeURIComponent(path)}`),
  );
  const open = (to: string): void => {
    setTyped(to);
    location.hash = directoryAddress(name, to);
  };
  // The list of another directory is not shown as this one’s.
  const shown = data?.path === path && !problem ? data.entries : undefined;
  return (
    <>
      <form
        class="bar"
        onSubmit={(event) => {
          event.preventDefault();
          open(typed.replace(/(?!^)\/+$/, ''));
        }}
      >
        <button
          type="button"
          aria-label="Parent directory"
          disabled={path === '/'}
          onClick={() => open(path.replace(/\/[^/]*$/, '') || '/')}
        >
          ↑
        </button>
        <input
          required
          pattern="/.*"
          title="an absolute path"
          aria-label="Directory in the guest"
          value={typed}
          autocomplete="off"
          onInput={(event) => setTyped(event.currentTarget.value)}
        />
        <button type="submit">Open</button>
        <button type="button" onClick={reload}>
          Reload
        </button>
        <Command text={shellCommand('vmlet', 'exec', name, '--', 'ls', '-la', path)} />
      </form>
      <Upload name={name} directory={path} present={shown?.map((file) => file.name)} done={reload} />
      <section ref={listing} tabIndex={-1} aria-label={`Directory ${path}`}>
        {problem && <Problem problem={problem} />}
        {!shown && !problem && <p class="faint">…</p>}
        {shown?.length === 0 && <p class="faint">The directory is empty.</p>}
        {shown && shown.length > 0 && (
          <Entries key={path} name={name} path={path} entries={shown} open={open} />
        )}
      </section>
    </>
  );
}

interface EntriesProperties {
  readonly name: string;
  readonly path: string;
  readonly entries: readonly GuestFile[];
  readonly open: (path: string) => void;
}

function Entries({ name, path, entries, open }: EntriesProperties) {
  const [failed, setFailed] = useState<{ readonly file: string; readonly problem: ApiProblem }>();
  const fetchFile = (file: GuestFile): void => {
    setFailed(undefined);
    download(name, joined(path, file.name), file.name).catch((error: unknown) =>
      setFailed({ file: file.name, problem: problemOf(error) }),
    );
  };
  const sorted = [...entries].sort(
    (one, other) =>
      Number(other.kind === 'directory') - Number(one.kind === 'directory') ||
      one.name.localeCompare(other.name, 'en', { numeric: true }),
  );
  return (
    <>
      <Table label={`Files in ${path} of ${name}`} headings={HEADINGS} actions>
        {sorted.map((file) => (
          <tr key={file.name}>
            <td>
              {file.kind === 'directory' || file.kind === 'link' ? (
                <button
                  type="button"
                  class="plain"
                  aria-label={`Open ${file.name}`}
                  onClick={() => open(joined(path, file.name))}
                >
                  {file.name}
                  {file.kind === 'directory' ? '/' : '@'}
                </button>
              ) : (
                file.name
              )}
              {failed?.file === file.name && <Problem problem={failed.problem} />}
            </td>
            <td class="numbers">{file.kind === 'file' && bytes(file.bytes)}</td>
            <td class="numbers">{file.mode.toString(8).padStart(4, '0')}</td>
            <td class="numbers">{moment(file.modifiedAt)}</td>
            <td>
              {(file.kind === 'file' || file.kind === 'link') && (
                <button
                  type="button"
                  aria-label={`Download ${file.name}`}
                  title={shellCommand('vmlet', 'cp', `${name}:${joined(path, file.name)}`, '.')}
                  disabled={file.bytes > LARGEST_DOWNLOAD}
                  onClick={() => fetchFile(file)}
                >
                  Download
                </button>
              )}
            </td>
          </tr>
        ))}
      </Table>
      <Command text={shellCommand('vmlet', 'cp', `${name}:${joined(path, 'FILE')}`, '.')} />
    </>
  );
}

function joined(directory: string, file: string): string {
  return directory === '/' ? `/${file}` : `${directory}/${file}`;
}

/** By a request, since a link sends no secret. */
async function download(machine: string, path: string, name: string): Promise<void> {
  const answer = await request(machinePath(machine, `file?path=${encodeURIComponent(path)}`), {});
  const address = URL.createObjectURL(await answer.blob());
  const link = document.createElement('a');
  link.href = address;
  // The browser replaces characters of a name that lead elsewhere.
  link.download = name;
  link.click();
  // The download has begun by then.
  setTimeout(() => URL.revokeObjectURL(address), 60_000);
}

interface UploadProperties {
  readonly name: string;
  readonly directory: string;
  /** Names in the directory; undefined until they are known. */
  readonly present: readonly string[] | undefined;
  readonly done: () => void;
}

function Upload({ name, directory, present, done }: UploadProperties) {
  const input = useRef<HTMLInputElement>(null);
  const [state, setState] = useState('');
  const [isBusy, setBusy] = useState(false);
  const [asked, ask] = useAsked<readonly File[]>();
  const [problem, setProblem] = useState<ApiProblem>();
  // The outcome of an upload is about its directory.
  useLayoutEffect(() => {
    if (isBusy) return;
    setState('');
    setProblem(undefined);
  }, [directory]);
  const clear = (): void => {
    // The same file may be chosen again.
    if (input.current) input.current.value = '';
  };
  const send = async (files: readonly File[]): Promise<void> => {
    setProblem(undefined);
    setBusy(true);
    let uploaded = 0;
    try {
      for (const file of files) {
        const path = joined(directory, file.name);
        setState(`${path}: ${bytes(file.size)} …`);
        const query = `directory=${encodeURIComponent(directory)}&name=${encodeURIComponent(file.name)}`;
        await request(machinePath(name, `file?${query}`), { method: 'PUT', body: file });
        uploaded += 1;
        setState(`${path}: uploaded`);
      }
    } catch (error) {
      setState(
        `${joined(directory, files[uploaded]?.name ?? '')}: failed, ${uploaded} of ${files.length} uploaded`,
      );
      setProblem(problemOf(error));
    }
    setBusy(false);
    clear();
    done();
  };
  const replacedBy = (files: readonly File[]): string[] =>
    files.map((file) => file.name).filter((file) => present?.includes(file));
  const choose = (files: readonly File[]): void => {
    if (replacedBy(files).length > 0) ask(files);
    else void send(files);
  };
  return (
    <>
      <div class="bar">
        <label>
          Upload to {directory}{' '}
          <input
            type="file"
            multiple
            ref={input}
            disabled={isBusy || present === undefined}
            onChange={(event) => choose([...(event.currentTarget.files ?? [])])}
          />
        </label>
        <span class="faint" role="status">
          {state}
        </span>
        <Command text={shellCommand('vmlet', 'cp', 'FILE', `${name}:${joined(directory, '')}`)} />
      </div>
      {problem && <Problem problem={problem} />}
      {asked && (
        <Dialog
          key={asked.key}
          title={`Replace files in ${directory}?`}
          verb="Replace"
          danger
          command={shellCommand('vmlet', 'cp', 'FILE', `${name}:${joined(directory, '')}`)}
          run={() => void send(asked.about)}
          close={() => {
            clear();
            asked.close();
          }}
        >
          <p>These files in the guest are overwritten: {replacedBy(asked.about).join(', ')}.</p>
        </Dialog>
      )}
    </>
  );
}
