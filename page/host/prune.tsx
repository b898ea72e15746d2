import { useState } from 'preact/hooks';
import { Checkbox } from '../parts/checkbox.tsx';
import { Dialog } from '../parts/dialog.tsx';
import { bytes, shellCommand } from '../parts/format.ts';
import { Problem } from '../parts/problem.tsx';
import { describePruned, goingOf, type Pruned } from '../parts/pruned.ts';
import { runAction } from '../state/notices.ts';
import { usePreview } from './preview.ts';

interface Properties {
  /** In the shell, `vmlet image prune`, `vmlet system prune` or `vmlet volume prune`. */
  readonly of: keyof typeof KINDS;
  readonly close: () => void;
}

const KINDS = {
  image: { path: '/v1/images/prune', thing: 'images', text: '' },
  system: {
    path: '/v1/host/prune',
    thing: 'data',
    text:
      'This removes interrupted downloads, leftover files of killed processes, booted guests that vmlet run keeps for ' +
      'faster starts, and unused images without a name. Interrupted downloads then start from the beginning, and the ' +
      'next vmlet run boots its guest again. Machines, templates, volumes, and the disks of removed machines are kept.',
  },
  volume: {
    path: '/v1/volumes/prune',
    thing: 'volumes',
    text: 'This permanently deletes all volumes that no machine uses, and their contents. Volumes of stopped machines are kept.',
  },
} as const;

/** Asks before a prune: it names what goes, and how much that frees. Nothing else goes. */
export function PruneDialog({ of, close }: Properties) {
  const [all, setAll] = useState(false);
  const { path, thing, text } = KINDS[of];
  const { result, problem } = usePreview<Pruned>(path, all);
  const going = result ? goingOf(result) : [];
  const command = shellCommand('vmlet', of, 'prune', ...(all ? ['--all'] : []));
  return (
    <Dialog
      title={`Remove unused ${thing}?`}
      verb="Remove"
      danger
      ready={going.length > 0}
      command={command}
      run={() =>
        void runAction({
          path,
          title: 'Prune:',
          command,
          body: { ...(all && { all }), only: result && onlyThese(of, result) },
        })
      }
      close={close}
    >
      {text && <p>{text}</p>}
      {of !== 'volume' && (
        <Checkbox checked={all} set={setAll}>
          Also remove unused images that have names
        </Checkbox>
      )}
      <section aria-live="polite">
        {problem && <Problem problem={problem} />}
        {!result && !problem && <p class="faint">…</p>}
        {result && (
          <p>
            {going.length === 0 ? (
              'There is nothing to remove.'
            ) : (
              <b>To be deleted: {describePruned(result)}</b>
            )}
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

/** The items of a preview as the server recognizes them: others may have become unused since then. */
function onlyThese(of: Properties['of'], { images = [], leftovers = [], volumes = [] }: Pruned): unknown {
  const digests = images.map(({ digest }) => digest);
  if (of === 'image') return digests;
  if (of === 'system') return { leftovers: leftovers.map(({ name }) => name), images: digests };
  return volumes.map(({ name, createdAt }) => ({ name, createdAt }));
}
