import { useState } from 'preact/hooks';
import { useValue } from '../values/observable.ts';
import { isUncounted, samplesOf } from '../state/curves.ts';
import { Curve } from './curve.tsx';
import { bytes, percent } from './format.ts';

const perSecond = (value: number): string => `${bytes(value)}/s`;
const MEBIBYTE = 2 ** 20;

interface Properties {
  readonly name: string;
  readonly cpus: number;
  /** A sentence for a guest that does not count its network; undefined where guests are not asked. */
  readonly whyUncounted?: string;
}

/** The curves of a machine: three, and one of its network if that is counted. */
export function Curves({ name, cpus, whyUncounted }: Properties) {
  const samples = useValue(samplesOf(name));
  // The list showed the earlier ones, and does not ask the guest.
  const [since] = useState(() => samples.at(-1)?.at ?? 0);
  const isCounted =
    whyUncounted === undefined ? samples.at(-1)?.countsNetwork === true : !isUncounted(samples, since);
  const memoryLimit = samples.at(-1)?.memoryLimit ?? 1;
  return (
    <>
      <Curve
        label="CPU"
        samples={samples}
        valueOf={(at) => at.processor}
        format={percent}
        most={100 * cpus}
      />
      <Curve
        label="Mem"
        title="Memory of the host that the machine uses, with QEMU's own"
        samples={samples}
        valueOf={(at) => at.memory}
        format={bytes}
        most={memoryLimit}
      />
      <Curve label="Disk" samples={samples} valueOf={(at) => at.disk} format={perSecond} most={MEBIBYTE} />
      {isCounted && (
        <Curve
          label="Net"
          samples={samples}
          valueOf={(at) => at.network}
          format={perSecond}
          most={MEBIBYTE}
        />
      )}
      {!isCounted && whyUncounted !== undefined && <div class="curve uncounted">{whyUncounted}</div>}
    </>
  );
}
