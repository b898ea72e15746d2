import type { Usage } from '../api/types.ts';
import { useAsked } from '../state/asked.ts';
import { Command } from '../parts/command.tsx';
import { bytes, shellCommand } from '../parts/format.ts';
import { Problem } from '../parts/problem.tsx';
import { Table } from '../parts/table.tsx';
import { useCurrent } from '../state/loaded.ts';
import { PruneDialog } from './prune.tsx';

/** The disk use of vmlet’s files by kind, as `vmlet system df` shows it. */
export function DiskUse() {
  const { data, problem } = useCurrent<{ usage: readonly Usage[] }>('/v1/host/usage');
  const [asked, ask] = useAsked<true>();
  return (
    <section class="block">
      <div class="bar">
        <h2>Disk usage</h2>
        <button type="button" onClick={() => ask(true)}>
          Prune …
        </button>
      </div>
      {problem && <Problem problem={problem} />}
      {!data && !problem && <p class="faint">Measuring …</p>}
      {data && <Kinds usage={data.usage} />}
      {data && <Items usage={data.usage} />}
      <Command text="vmlet system df" />
      {asked && <PruneDialog key={asked.key} of="system" close={asked.close} />}
    </section>
  );
}

interface Properties {
  readonly usage: readonly Usage[];
}

function Kinds({ usage }: Properties) {
  return (
    <Table label="Disk usage" headings={['Type', 'Total', 'Active', 'Size', 'On host', 'Reclaimable']}>
      {usage.map(({ kind, total, active, apparentBytes, hostBytes, reclaimableBytes }) => (
        <tr key={kind}>
          <td>{kind}</td>
          <td class="numbers">{total}</td>
          <td class="numbers">{active}</td>
          <td class="numbers">{bytes(apparentBytes)}</td>
          <td class="numbers">{bytes(hostBytes)}</td>
          <td class="numbers">{bytes(reclaimableBytes)}</td>
        </tr>
      ))}
    </Table>
  );
}

function Items({ usage }: Properties) {
  return (
    <details>
      <summary>Each item</summary>
      <Table label="Items" headings={['Type', 'Name', 'Size', 'On host', 'Reclaimable']}>
        {usage.flatMap(({ kind, entries }) =>
          entries.map((entry) => (
            <tr key={`${kind} ${entry.name}`}>
              <td>{kind}</td>
              <td>
                {entry.name}
                {entry.active && <span class="faint"> active</span>}
                {entry.path !== undefined && <Command text={shellCommand('rm', entry.path)} />}
                {entry.problem !== undefined && <p class="problem">{entry.problem}</p>}
              </td>
              <td class="numbers">{bytes(entry.apparentBytes)}</td>
              <td class="numbers">{bytes(entry.hostBytes)}</td>
              <td class="numbers">{bytes(entry.reclaimableBytes)}</td>
            </tr>
          )),
        )}
      </Table>
    </details>
  );
}
