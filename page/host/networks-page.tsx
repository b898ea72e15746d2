import { useState } from 'preact/hooks';
import type { BrokenNetwork, Network } from '../api/types.ts';
import { Command } from '../parts/command.tsx';
import { Field, clearUsed } from '../parts/forms/field.tsx';
import { shellCommand } from '../parts/format.ts';
import { Problem } from '../parts/problem.tsx';
import { useCurrent } from '../state/loaded.ts';
import { runAction } from '../state/notices.ts';
import { NetworkSection } from './network-section.tsx';

interface Answer {
  readonly networks: readonly Network[];
  readonly broken: readonly BrokenNetwork[];
}

/** Private networks, their members, and who reaches whom. */
export function NetworksPage() {
  const { data, problem } = useCurrent<Answer>('/v1/networks');
  return (
    <>
      <div class="bar">
        <h1>Networks</h1>
        <Command text="vmlet network ls" />
      </div>
      <NewNetwork />
      {problem && <Problem problem={problem} />}
      {data?.networks.length === 0 && <p class="faint">No private networks.</p>}
      {data?.networks.map((network) => (
        <NetworkSection key={network.name} network={network} />
      ))}
      {data?.broken.map((network) => (
        <p class="problem" key={network.name}>
          {network.name}: {network.problem}
        </p>
      ))}
    </>
  );
}

function NewNetwork() {
  const [name, setName] = useState('');
  const [subnet, setSubnet] = useState('');
  const [mtu, setMtu] = useState('');
  const command = shellCommand(
    ...['vmlet', 'network', 'create', name || 'lan'],
    ...(subnet === '' ? [] : ['--subnet', subnet]),
    ...(mtu === '' ? [] : ['--mtu', mtu]),
  );
  const create = (event: Event): void => {
    event.preventDefault();
    void runAction({
      path: '/v1/networks',
      title: `Create ${name}:`,
      command,
      body: { name, ...(subnet !== '' && { subnet }), ...(mtu !== '' && { mtu: Number(mtu) }) },
      succeeded: clearUsed(setName, name),
    });
  };
  return (
    <form class="bar" onSubmit={create}>
      <Field label="Name of the new network" value={name} set={setName} required placeholder="lan" />
      <Field
        label="Subnet, such as 10.9.0.0/24"
        value={subnet}
        set={setSubnet}
        placeholder="default: a free subnet"
      />
      <Field label="MTU in bytes" value={mtu} set={setMtu} type="number" placeholder="default: 1500" />
      <button type="submit" class="main">
        Create
      </button>
      <Command text={command} />
    </form>
  );
}
