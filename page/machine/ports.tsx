import { useState } from 'preact/hooks';
import { machinePath } from '../api/client.ts';
import type { PlannedPort, PublishedSocket, SoundMachine } from '../api/types.ts';
import { Command } from '../parts/command.tsx';
import { shellCommand } from '../parts/format.ts';
import { Port } from '../parts/ports.tsx';
import { Problem } from '../parts/problem.tsx';
import { changes } from '../state/machines.ts';
import { runAction } from '../state/notices.ts';
import { useValue } from '../values/observable.ts';
import { useLoaded } from '../state/loaded.ts';

/** The forwards of a machine; a running one gets changes at once. */
export function Ports({ machine }: { readonly machine: SoundMachine }) {
  const { name } = machine;
  const changed = useValue(changes);
  const { data, problem } = useLoaded<{ ports: readonly PlannedPort[]; sockets: readonly PublishedSocket[] }>(
    machinePath(name, 'ports'),
    changed,
  );
  const [wanted, setWanted] = useState('');
  const addCommand = shellCommand('vmlet', 'port', 'add', name, wanted || '8080:80');
  const add = (event: Event): void => {
    event.preventDefault();
    void runAction({
      path: machinePath(name, 'ports/add'),
      title: `Publish ${wanted}:`,
      command: addCommand,
      body: { ports: [wanted] },
    }).then((accepted) => accepted && setWanted(''));
  };
  const remove = (text: string): void => {
    void runAction({
      path: machinePath(name, 'ports/remove'),
      title: `Close ${text}:`,
      command: shellCommand('vmlet', 'port', 'rm', name, text),
      body: { ports: [text] },
    });
  };
  return (
    <>
      <form class="bar" onSubmit={add}>
        <input
          required
          placeholder="8080:80"
          aria-label="Port to publish, as [[address:]host port:]guest port[/udp]"
          value={wanted}
          onInput={(event) => setWanted(event.currentTarget.value)}
        />
        <button type="submit" class="main">
          Publish
        </button>
        <Command text={addCommand} />
      </form>
      {problem && <Problem problem={problem} />}
      {data && data.ports.length + data.sockets.length === 0 && <p class="faint">No ports are published.</p>}
      <ul>
        {data?.ports.map((port) => {
          const text = textOf(port);
          return (
            <li key={text} class="bar">
              <Port port={port} />
              <button
                type="button"
                class="danger"
                aria-label={`Close port ${text}`}
                onClick={() => remove(text)}
              >
                Close
              </button>
            </li>
          );
        })}
        {data?.sockets.map(({ path, guestPort }) => (
          <li key={path} class="bar">
            <code>{path}</code> → {guestPort}
            <button
              type="button"
              class="danger"
              aria-label={`Close socket ${path}`}
              onClick={() => remove(path)}
            >
              Close
            </button>
          </li>
        ))}
      </ul>
    </>
  );
}

/** The forward in the grammar of `vmlet port`. */
function textOf({ hostAddress, hostPort, guestPort, protocol }: PlannedPort): string {
  const address = hostAddress.includes(':') ? `[${hostAddress}]` : hostAddress;
  return `${address}:${hostPort ?? ''}:${guestPort}/${protocol}`;
}
