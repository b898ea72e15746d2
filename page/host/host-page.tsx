import type { HostReport } from '../api/types.ts';
import { Command } from '../parts/command.tsx';
import { Problem } from '../parts/problem.tsx';
import { Table } from '../parts/table.tsx';
import { useLoaded } from '../state/loaded.ts';
import { DiskUse } from './disk-use.tsx';

/** The findings of `vmlet doctor`, and the disk use of vmlet’s files. */
export function HostPage() {
  const { data, problem, reload } = useLoaded<HostReport>('/v1/host');
  return (
    <>
      <div class="bar">
        <h1>Host</h1>
        <span role="status">
          {data && (data.canRunGuests ? 'Guests can run on this host.' : 'Guests cannot run on this host.')}
        </span>
        <button type="button" onClick={reload}>
          Check again
        </button>
        <Command text="vmlet doctor" />
      </div>
      {problem && <Problem problem={problem} />}
      {!data && !problem && <p class="faint">Checking …</p>}
      {data && <Findings findings={data.findings} />}
      {data && <Missing report={data} />}
      <DiskUse />
    </>
  );
}

const WORDS = {
  works: ['running', 'ok'],
  degraded: ['paused', 'warning'],
  broken: ['broken', 'problem'],
} as const;

function Findings({ findings }: Pick<HostReport, 'findings'>) {
  return (
    <Table label="Findings" headings={['State', 'Item', 'Finding']}>
      {findings.map(({ item, state, summary, remedy }) => {
        const [style, word] = WORDS[state];
        return (
          <tr key={item}>
            <td>
              <span class={`state ${style}`}>{word}</span>
            </td>
            <td>{item}</td>
            <td>
              {summary}
              {remedy !== undefined && (
                <p>
                  <b>Remedy:</b> {remedy}
                </p>
              )}
            </td>
          </tr>
        );
      })}
    </Table>
  );
}

/** Features that vmlet replaces by others; they are not findings. */
function Missing({ report }: { readonly report: HostReport }) {
  const missing = report.featureTable.features.filter(
    ({ present, used, finding }) => !present && used !== undefined && finding === undefined,
  );
  if (missing.length === 0) return null;
  return (
    <details>
      <summary>Missing features, and what vmlet does instead</summary>
      <ul>
        {missing.map(({ program, feature, otherwise }) => (
          <li key={`${program} ${feature}`}>
            {program === feature ? feature : `${program} ${feature}`}: {otherwise}
          </li>
        ))}
      </ul>
    </details>
  );
}
