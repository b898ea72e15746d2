import { useLayoutEffect, useRef } from 'preact/hooks';
import { describePruned, type Pruned } from './pruned.ts';
import {
  canCancel,
  cancelAction,
  dismiss,
  dismissEnded,
  hasRestartedPasst,
  lacksIdentity,
  isForced,
  type Notice,
  notices,
} from '../state/notices.ts';
import { machineAddress } from '../state/route.ts';
import { useValue } from '../values/observable.ts';
import { Command } from './command.tsx';
import { Problem } from './problem.tsx';

/** The actions of this page: each with its command, the step that it is at, and its outcome. */
export function Notices() {
  const shown = useValue(notices);
  const list = useRef<HTMLElement>(null);
  const newest = shown.at(-1)?.key;
  // Many do not fit.
  useLayoutEffect(() => list.current?.scrollTo(0, list.current.scrollHeight), [newest]);
  return (
    <section ref={list} class="notices" aria-label="Actions" aria-live="polite">
      {shown.filter(({ state }) => state !== 'running').length > 1 && (
        <button type="button" onClick={dismissEnded}>
          Dismiss ended
        </button>
      )}
      {shown.map((notice) => (
        <Entry key={notice.key} notice={notice} />
      ))}
    </section>
  );
}

const WORDS = {
  running: '…',
  done: 'done',
  failed: 'failed',
  cancelled: 'cancelled',
  unknown: 'outcome unknown',
} as const;

/** An outcome that is neither good nor bad needs attention. */
function wordsOf(notice: Notice): readonly [style: string, words: string] {
  const { state } = notice;
  if (state === 'done' && isForced(notice)) return ['warned', 'ended by force'];
  if (state === 'done' && (hasRestartedPasst(notice) || lacksIdentity(notice))) return ['warned', WORDS.done];
  if (isHalfDone(notice)) return ['failed', 'created, but not started'];
  if (state === 'unknown') return ['warned', WORDS.unknown];
  return [state, WORDS[state]];
}

function isHalfDone({ state, progress }: Notice): boolean {
  return (state === 'failed' || state === 'cancelled') && progress?.created === true;
}

function Entry({ notice }: { readonly notice: Notice }) {
  const { key, title, command, state, progress, problem, machine } = notice;
  const [style, words] = wordsOf(notice);
  const outcome = outcomeOf(notice);
  return (
    <article class={`notice ${style}`}>
      <header>
        <b>
          {title} {words}
        </b>
        {canCancel(notice) && (
          <button type="button" aria-label={`Cancel ${title}`} onClick={() => void cancelAction(notice)}>
            Cancel
          </button>
        )}
        {/* Its end may still lead to another page. */}
        {state !== 'running' && (
          <button type="button" aria-label={`Dismiss ${title}`} onClick={() => dismiss(key)}>
            ✕
          </button>
        )}
      </header>
      {progress && (state === 'running' || hasRestartedPasst(notice)) && (
        <p>
          {progress.text}
          {progress.rung && <span class="faint"> ({progress.rung})</span>}
        </p>
      )}
      {state === 'running' && progress?.percent !== undefined && (
        <progress max="100" value={progress.percent} aria-label={title} />
      )}
      {outcome && <p>{outcome}</p>}
      {problem && <Problem problem={problem} />}
      {machine && isHalfDone(notice) && (
        <p>
          Machine <a href={machineAddress(machine)}>{machine}</a>
        </p>
      )}
      <Command text={command} />
    </article>
  );
}

/** The part of a result that a person wants to know. */
function outcomeOf({ result }: Notice): string {
  if (!result) return '';
  const { rung, description, keptDisks, identityProblem, ...pruned } = result as {
    rung?: string;
    identityProblem?: { readonly message: string };
    description?: string;
    keptDisks?: readonly string[];
  } & Partial<Pruned>;
  if (identityProblem) {
    return `The clone may still have the machine id, ssh host keys and host name of the original: ${identityProblem.message}. The next start tries again.`;
  }
  if (keptDisks && keptDisks.length > 0) return `Kept disks: ${keptDisks.join(', ')}`;
  if (pruned.images ?? pruned.volumes) return describePruned(pruned);
  return [description, rung && `by ${rung}`].filter(Boolean).join(', ');
}
