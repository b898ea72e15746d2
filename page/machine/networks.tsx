import type { Network, SoundMachine } from '../api/types.ts';
import { ConnectForm } from '../host/connect-form.tsx';
import { disconnectionOf } from '../host/disconnection.ts';
import { reachableFrom } from '../host/reach.ts';
import { useAsked } from '../state/asked.ts';
import { Command } from '../parts/command.tsx';
import { shellCommand } from '../parts/format.ts';
import { Problem } from '../parts/problem.tsx';
import { type Asking, Question } from '../parts/question.tsx';
import { Table } from '../parts/table.tsx';
import { useCurrent } from '../state/loaded.ts';

const HEADINGS = ['Network', 'Alias', 'Address', 'Network card', 'Reaches'] as const;

/** The private networks of a machine. */
export function NetworksTab({ machine: { name } }: { readonly machine: SoundMachine }) {
  const { data, problem } = useCurrent<{ networks: readonly Network[] }>('/v1/networks');
  const [asked, ask] = useAsked<Asking>();
  const all = data?.networks ?? [];
  const seats = all.flatMap((network) =>
    network.members.filter((member) => member.name === name).map((member) => ({ network, member })),
  );
  const joined = seats.map(({ network }) => network.name);
  const others = all.map((network) => network.name).filter((other) => !joined.includes(other));
  return (
    <>
      {problem && <Problem problem={problem} />}
      <ConnectForm machine={name} choices={others} />
      {data && seats.length === 0 && <p class="faint">This machine is not in a private network.</p>}
      {seats.length > 0 && (
        <Table label={`Networks of ${name}`} headings={HEADINGS} actions>
          {seats.map(({ network, member }) => (
            <tr key={network.name}>
              <td>
                <a href="#/networks">{network.name}</a>
              </td>
              <td>{member.alias}</td>
              <td>
                <code>{member.address}</code>
              </td>
              <td>
                <code>{member.mac}</code> {member.plugged ? 'plugged in' : 'not plugged in'}
              </td>
              <td>{reachableFrom(name, network).join(', ') || 'no member'}</td>
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
          ))}
        </Table>
      )}
      <p>
        <a href="#/networks">All networks</a>
      </p>
      <Command text={shellCommand('vmlet', 'network', 'ls')} />
      {asked && <Question key={asked.key} asking={asked.about} close={asked.close} />}
    </>
  );
}
