import type { Samples } from '../state/curves.ts';
import { SPAN_MS } from '../state/curves.ts';

interface Properties {
  readonly label: string;
  /** Says more than the label. */
  readonly title?: string;
  readonly samples: Samples;
  readonly valueOf: (sample: Samples[number]) => number | null;
  readonly format: (value: number) => string;
  /** The top of the scale, at least. */
  readonly most: number;
}

const WIDTH = 100;
const HEIGHT = 24;

/** A curve of the last minutes and its present value. */
export function Curve({ label, title, samples, valueOf, format, most }: Properties) {
  const last = samples.at(-1);
  const value = last ? valueOf(last) : null;
  const line = last ? pathOf(samples, valueOf, most, last.at) : '';
  return (
    <div class="curve" title={title}>
      {label} <b>{value === null ? '–' : format(value)}</b>
      <svg viewBox={`0 0 ${WIDTH} ${HEIGHT}`} preserveAspectRatio="none" aria-hidden="true">
        {line && <path class="area" d={`${line} V${HEIGHT} H${startOf(line)} Z`} />}
        <path class="line" d={line} />
      </svg>
    </div>
  );
}

function pathOf(samples: Samples, valueOf: Properties['valueOf'], most: number, now: number): string {
  const points = samples.flatMap((sample) => {
    const value = valueOf(sample);
    return value === null ? [] : [{ at: sample.at, value }];
  });
  if (points.length < 2) return '';
  const top = Math.max(most, ...points.map(({ value }) => value));
  const places = points.map(({ at, value }) => {
    const x = WIDTH * (1 - (now - at) / SPAN_MS);
    const y = HEIGHT - 1 - (HEIGHT - 2) * (value / top);
    return `${x.toFixed(1)} ${y.toFixed(1)}`;
  });
  return `M${places.join(' L')}`;
}

function startOf(path: string): string {
  return path.slice(1).split(' ')[0] ?? '0';
}
