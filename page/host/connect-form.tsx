import { useState } from 'preact/hooks';
import { networkPath } from '../api/client.ts';
import { Command } from '../parts/command.tsx';
import { Field, clearUsed } from '../parts/forms/field.tsx';
import { shellCommand } from '../parts/format.ts';
import { runAction } from '../state/notices.ts';

interface Properties {
  /** The machine or the network that is given, and the names of the others to choose from. */
  readonly machine?: string;
  readonly network?: string;
  readonly choices: readonly string[];
}

/** Connects a machine to a network; one of both is chosen. */
export function ConnectForm({ machine, network, choices }: Properties) {
  const [chosen, setChosen] = useState('');
  const [alias, setAlias] = useState('');
  const other = choices.includes(chosen) ? chosen : (choices[0] ?? '');
  const [to, who] = [network ?? other, machine ?? other];
  const options = alias === '' ? undefined : `alias=${alias}`;
  const command = shellCommand('vmlet', 'network', 'connect', options ? `${to}:${options}` : to, who);
  const connect = (event: Event): void => {
    event.preventDefault();
    void runAction({
      path: networkPath(to, 'connect'),
      title: `Connect ${who} to ${to}:`,
      command,
      body: { machine: who, ...(options && { options }) },
      succeeded: clearUsed(setAlias, alias),
    });
  };
  if (choices.length === 0) return null;
  return (
    <form class="bar" onSubmit={connect}>
      <label class="field">
        {network === undefined ? 'Network' : `Machine to connect to ${network}`}
        <select value={other} onChange={(event) => setChosen(event.currentTarget.value)}>
          {choices.map((name) => (
            <option key={name}>{name}</option>
          ))}
        </select>
      </label>
      <Field
        label={`Additional name of the machine in ${network ?? 'the network'}`}
        value={alias}
        set={setAlias}
      />
      <button type="submit" class="main">
        Connect
      </button>
      <Command text={command} />
    </form>
  );
}
