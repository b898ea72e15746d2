import { useState } from 'preact/hooks';
import { Checkbox } from '../parts/checkbox.tsx';
import { Dialog } from '../parts/dialog.tsx';
import { bytes, shellCommand } from '../parts/format.ts';
import { Problem } from '../parts/problem.tsx';
import { describePruned, goingOf, type Pruned } from '../parts/pruned.ts';
import { runAction } from '../state/notices.ts';
import { usePreview } from './preview.ts';

interface Properties {
  /** In the shell, `vmlet image prune` or `vmlet system prune`. */
  readonly of: 'image' | 'system';
  readonly close: () => void;
}

/** Asks before a prune: it names what goes, and how much that frees. */
export function PruneDialog({ of, close }: Properties) {
  const [all, setAll] = useState(false);
  const path = of === 'image' ? '/v1/images/prune' : '/v1/host/prune';
  const { result, problem } = usePreview<Pruned>(path, all);
  const going = result ? goingOf(result) : [];
  const command = shellCommand('vmlet', of, 'prune', ...(all ? ['--all'] : []));
  return (
    <Dialog
      title={of === 'image' ? 'Remove unused images?' : 'Remove unused data?'}
      verb="Remove"
      danger
      ready={going.length > 0}
      command={command}
      run={() => void runAction({ path, title: 'Prune:', command, body: { all } })}
      close={close}
    >
      {of === 'system' && (
        <p>
          This removes interrupted downloads, files left by killed processes, and kept guests: the next
          download starts from the beginning, and the next vmlet run boots its guest. Machines, templates,
          volumes and kept disks are not removed.
        </p>
      )}
      <Checkbox checked={all} set={setAll}>
        Also unused images that have names
      </Checkbox>
      <section aria-live="polite">
        {problem && <Problem problem={problem} />}
        {!result && !problem && <p class="faint">…</p>}
        {result && (
          <p>
            {going.length === 0 ? 'There is nothing to remove.' : <b>Deleted: {describePruned(result)}</b>}
          </p>
        )}
        <ul>
          {going.map((one) => (
            <li key={one.name}>
              {one.name} ({bytes(one.bytes)})
            </li>
          ))}
        </ul>
      </section>
    </Dialog>
  );
}
