import { useRef } from 'preact/hooks';
import { machinePath } from '../api/client.ts';
import type { Disk, Image, InspectedMachine, SoundMachine } from '../api/types.ts';
import { Command } from '../parts/command.tsx';
import { Curves } from '../parts/curves.tsx';
import { shellCommand } from '../parts/format.ts';
import { nameOf } from '../parts/pruned.ts';
import { Problem } from '../parts/problem.tsx';
import { useInView } from '../state/in-view.ts';
import { useLoaded } from '../state/loaded.ts';
import { Fact } from './facts.tsx';
import { DiskFacts, HardwareFacts, LabelFacts, NetworkFacts, StateFacts } from './spec-facts.tsx';

/** The fields of `vmlet inspect`, readable. */
export function Overview({ machine }: { readonly machine: SoundMachine }) {
  const { name, spec, status } = machine;
  const { data, problem } = useLoaded<{ machine: InspectedMachine }>(machinePath(name), machine);
  const disks = useLoaded<{ disks: readonly Disk[] }>(machinePath(name, 'disks'), machine);
  const images = useLoaded<{ images: readonly Image[] }>('/v1/images');
  const source = imageOf(spec, images.data?.images ?? []);
  const element = useRef<HTMLDivElement>(null);
  const isRunning = status.kind === 'running';
  // The list has only those that are published now.
  const forwards = isRunning ? machine : data?.machine;
  // That of the last look may be of an earlier run.
  const plan = isRunning ? data?.machine.plan : undefined;
  useInView(name, element, true);
  return (
    <>
      <div class="curves" ref={element}>
        {isRunning && <Curves key={name} name={name} cpus={spec.cpus} whyUncounted={whyUncounted(spec)} />}
      </div>
      <div class="facts">
        <StateFacts {...machine} />
        <HardwareFacts {...machine} plan={plan} />
        <DiskFacts spec={spec} source={source} sizes={disks.data?.disks ?? []} />
        <NetworkFacts
          machine={machine}
          plan={plan}
          ports={forwards?.ports ?? []}
          sockets={forwards?.sockets ?? []}
          live={isRunning}
        />
        <LabelFacts spec={spec} />
      </div>
      {data && <Files values={data.machine.files} />}
      {[problem, disks.problem, images.problem].map(
        (one, index) => one && <Problem key={index} problem={one} />,
      )}
      <Everything machine={machine} data={data?.machine} />
    </>
  );
}

function whyUncounted({ net, bridges = [], networks = [] }: SoundMachine['spec']): string {
  return net === 'none' && bridges.length + networks.length === 0
    ? 'This machine has no network.'
    : 'The network is not counted: no agent answers in the guest.';
}

/** The image that the machine was created from; undefined if it is not an image of the store. */
function imageOf({ boot, disks }: SoundMachine['spec'], images: readonly Image[]): string | undefined {
  if (boot.kind === 'image') return boot.image;
  const image = images.find(({ digest }) => disks.some(({ backing }) => backing?.path.includes(digest)));
  return image && nameOf(image);
}

function Everything({ machine, data }: { readonly machine: SoundMachine; readonly data: unknown }) {
  return (
    <>
      <details>
        <summary>Everything as JSON</summary>
        <pre>{JSON.stringify(data ?? machine, null, 2)}</pre>
      </details>
      <Command text={shellCommand('vmlet', 'inspect', machine.name)} />
    </>
  );
}

/** The paths of the machine's files and sockets on the host. */
function Files({ values }: { readonly values: Readonly<Record<string, unknown>> }) {
  return (
    <details>
      <summary>Files on this host</summary>
      <dl class="paths">
        {Object.entries(values)
          .filter(([, value]) => typeof value === 'string')
          .map(([key, value]) => (
            <Fact key={key} name={key}>
              <code>{String(value)}</code>
            </Fact>
          ))}
      </dl>
    </details>
  );
}
