import { networkPath } from '../api/client.ts';
import type { Network } from '../api/types.ts';
import { useAsked } from '../state/asked.ts';
import { shellCommand } from '../parts/format.ts';
import { type Asking, Question } from '../parts/question.tsx';
import { Table } from '../parts/table.tsx';
import { machineNames } from '../state/machines.ts';
import { machineAddress } from '../state/route.ts';
import { useValue } from '../values/observable.ts';
import { ConnectForm } from './connect-form.tsx';
import { disconnectionOf } from './disconnection.ts';
import { PartitionDialog } from './partition-dialog.tsx';
import { reachableFrom } from './reach.ts';

/** One network: its members, what separates them, and its actions. */
export function NetworkSection({ network }: { readonly network: Network }) {
  const { name, subnet, mtu, members, partitions } = network;
  const [asked, ask] = useAsked<Asking | 'partition'>();
  const machines = useValue(machineNames) ?? [];
  const names = members.map((member) => member.name);
  return (
    <section aria-label={`Network ${name}`} class="block">
      <div class="bar">
        <h2>{name}</h2>
        <span class="faint">
          {subnet}, MTU {mtu}, {network.switch ? 'running' : 'no member is running'}
        </span>
        <button
          type="button"
          aria-label={`Partition ${name}`}
          disabled={members.length < 2}
          onClick={() => ask('partition')}
        >
          Partition …
        </button>
        {partitions.length > 0 && (
          <button type="button" aria-label={`Heal ${name}`} onClick={() => ask(healingOf(network))}>
            Heal
          </button>
        )}
        <button
          type="button"
          class="danger"
          aria-label={`Remove ${name}`}
          onClick={() => ask(removalOf(network))}
        >
          Remove
        </button>
      </div>
      {partitions.map((groups, index) => (
        <p key={index}>Separated: {groups.map((group) => group.join(', ')).join(' | ')}</p>
      ))}
      {members.length === 0 ? <p class="faint">No members.</p> : <Members network={network} ask={ask} />}
      <ConnectForm network={name} choices={machines.filter((machine) => !names.includes(machine))} />
      {asked?.about === 'partition' && (
        <PartitionDialog key={asked.key} network={name} members={names} close={asked.close} />
      )}
      {asked && asked.about !== 'partition' && (
        <Question key={asked.key} asking={asked.about} close={asked.close} />
      )}
    </section>
  );
}

function healingOf({ name, partitions }: Network): Asking {
  const separated = partitions.map((groups) => groups.map((group) => group.join(', ')).join(' | '));
  return {
    title: `Heal ${name}`,
    verb: 'Heal',
    text: `These groups are separated: ${separated.join('; ')}. After healing, all members can reach each other.`,
    command: shellCommand('vmlet', 'network', 'heal', name),
    path: networkPath(name, 'heal'),
  };
}

function removalOf({ name, members }: Network): Asking {
  return {
    title: `Remove network ${name}`,
    verb: 'Remove',
    text:
      members.length > 0
        ? `The network still has members: ${members.map((member) => member.name).join(', ')}. Disconnect them first.`
        : 'The network is permanently deleted. It has no members.',
    ready: members.length === 0,
    command: shellCommand('vmlet', 'network', 'rm', name),
    path: networkPath(name, 'remove'),
  };
}

const HEADINGS = ['Machine', 'Alias', 'Address', 'Network card', 'Reaches'] as const;

function Members({ network, ask }: { readonly network: Network; readonly ask: (asking: Asking) => void }) {
  const { members } = network;
  return (
    <Table label={`Members of ${network.name}`} headings={HEADINGS} actions>
      {members.map(({ name, alias, address, ipv6, mac, plugged }) => {
        const reached = reachableFrom(name, network);
        const all = reached.length === members.length - 1;
        return (
          <tr key={name}>
            <td>
              <a href={machineAddress(name, 'networks')}>{name}</a>
            </td>
            <td>{alias}</td>
            <td>
              <code>{address}</code>
              <br />
              <code>{ipv6}</code>
            </td>
            <td>
              <code>{mac}</code>
              <br />
              {plugged ? 'plugged in' : <span class="faint">not plugged in</span>}
            </td>
            <td>{all && members.length > 1 ? 'all' : reached.join(', ') || 'no member'}</td>
            <td>
              <button
                type="button"
                class="danger"
                aria-label={`Disconnect ${name} from ${network.name}`}
                onClick={() => ask(disconnectionOf(name, network.name))}
              >
                Disconnect
              </button>
            </td>
          </tr>
        );
      })}
    </Table>
  );
}
