import { useValue } from '../values/observable.ts';
import { samplesOf } from '../state/curves.ts';
import { Curve } from './curve.tsx';
import { bytes, percent } from './format.ts';

const perSecond = (value: number): string => `${bytes(value)}/s`;
const MEGABYTE = 2 ** 20;

/** The four curves of a machine. */
export function Curves({ name, cpus }: { readonly name: string; readonly cpus: number }) {
  const samples = useValue(samplesOf(name));
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
      <Curve label="Mem" samples={samples} valueOf={(at) => at.memory} format={bytes} most={memoryLimit} />
      <Curve label="Disk" samples={samples} valueOf={(at) => at.disk} format={perSecond} most={MEGABYTE} />
      <Curve label="Net" samples={samples} valueOf={(at) => at.network} format={perSecond} most={MEGABYTE} />
    </>
  );
}
