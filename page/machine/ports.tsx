import { useRef } from 'preact/hooks';
import { machinePath } from '../api/client.ts';
import type { PlannedPort, PublishedSocket, SoundMachine } from '../api/types.ts';
import { AddForm } from '../parts/forms/add-form.tsx';
import { portsOf, shellCommand } from '../parts/format.ts';
import { Port } from '../parts/ports.tsx';
import { Problem } from '../parts/problem.tsx';
import { runAction } from '../state/notices.ts';
import { useKeptFocus } from '../state/kept-focus.ts';
import { useLoaded } from '../state/loaded.ts';

/** The forwards of a machine; a running one gets changes at once. */
export function Ports({ machine }: { readonly machine: SoundMachine }) {
  const { name } = machine;
  const list = useRef<HTMLUListElement>(null);
  useKeptFocus(list);
  const { data, problem } = useLoaded<{
    ports: readonly PlannedPort[];
    sockets: readonly PublishedSocket[];
  }>(machinePath(name, 'ports'), machine);
  const remove = (text: string): void => {
    void runAction({
      path: machinePath(name, 'ports/remove'),
      title: `Remove ${text}:`,
      command: shellCommand('vmlet', 'port', 'rm', name, text),
      body: { ports: [text] },
    });
  };
  return (
    <>
      <AddForm
        label="Port to publish, as [[ADDRESS:]HOST-PORT:]GUEST-PORT[/udp]"
        placeholder="8080:80"
        verb="Publish"
        title={(port) => `Publish ${port}:`}
        words={(text) => ['port', 'add', name, ...portsIn(text)]}
        path={machinePath(name, 'ports/add')}
        body={(text) => ({ ports: portsIn(text) })}
      />
      {problem && <Problem problem={problem} />}
      {data && data.ports.length + data.sockets.length === 0 && <p class="faint">No ports are published.</p>}
      <ul ref={list} tabIndex={-1} aria-label={`Ports of ${name}`}>
        {data?.ports.map((port) => {
          const text = textOf(port);
          return (
            <li key={text} class="bar">
              <Port port={port} live={machine.status.kind === 'running'} />
              {port.automatic ? (
                <span class="faint">for ssh, added by vmlet</span>
              ) : (
                <Remove label={`port ${text}`} act={() => remove(text)} />
              )}
            </li>
          );
        })}
        {data?.sockets.map(({ path, guestPort }) => (
          <li key={path} class="bar">
            <code>{path}</code> → {guestPort}
            <Remove label={`socket ${path}`} act={() => remove(path)} />
          </li>
        ))}
      </ul>
    </>
  );
}

/** The path of a socket may have spaces and commas. */
function portsIn(text: string): readonly string[] {
  return /^[/~.]/.test(text) ? [text] : portsOf(text);
}

function Remove({ label, act }: { readonly label: string; readonly act: () => void }) {
  return (
    <button type="button" class="danger" aria-label={`Remove ${label}`} onClick={act}>
      Remove
    </button>
  );
}

/** The forward in the grammar of `vmlet port`. */
function textOf({ hostAddress, hostPort, guestPort, protocol }: PlannedPort): string {
  const address = hostAddress.includes(':') ? `[${hostAddress}]` : hostAddress;
  return `${address}:${hostPort ?? ''}:${guestPort}/${protocol}`;
}
