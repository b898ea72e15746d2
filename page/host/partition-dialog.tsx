import { useState } from 'preact/hooks';
import { networkPath } from '../api/client.ts';
import { Dialog } from '../parts/dialog.tsx';
import { shellCommand } from '../parts/format.ts';
import { Problem } from '../parts/problem.tsx';
import { runAction } from '../state/notices.ts';
import { useRefusal } from '../state/refusal.ts';

interface Properties {
  readonly network: string;
  readonly members: readonly string[];
  readonly close: () => void;
}

const FREE = '';

/** Asks which members a partition separates: one group for each letter. */
export function PartitionDialog({ network, members, close }: Properties) {
  const letters = members.slice(0, 26).map((_, index) => String.fromCharCode(65 + index));
  const [places, setPlaces] = useState<ReadonlyMap<string, string>>(new Map());
  const { problem, refused, forget } = useRefusal();
  const groups = letters
    .map((letter) => members.filter((member) => places.get(member) === letter))
    .filter((group) => group.length > 0);
  const command = shellCommand(
    ...['vmlet', 'network', 'partition', network],
    ...groups.map((group) => group.join(',')),
  );
  return (
    <Dialog
      title={`Partition ${network}`}
      verb="Partition"
      ready={groups.length > 1}
      command={command}
      run={async () =>
        runAction({
          path: networkPath(network, 'partition'),
          title: `Partition ${network}:`,
          command,
          body: { groups },
          refused,
        })
      }
      close={close}
    >
      <p>All traffic between different groups is dropped until you heal the network.</p>
      {members.map((member) => (
        <label key={member}>
          <select
            aria-label={`Group of ${member}`}
            value={places.get(member) ?? FREE}
            onChange={(event) => {
              forget();
              setPlaces(new Map([...places, [member, event.currentTarget.value]]));
            }}
          >
            <option value={FREE}>no group (reaches all members)</option>
            {letters.map((letter) => (
              <option key={letter} value={letter}>
                group {letter}
              </option>
            ))}
          </select>{' '}
          {member}
        </label>
      ))}
      {problem && <Problem problem={problem} />}
    </Dialog>
  );
}
