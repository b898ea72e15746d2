import { useRef } from 'preact/hooks';
import { machinePath } from '../api/client.ts';
import type { Disk, Image, InspectedMachine, SoundMachine } from '../api/types.ts';
import { Command } from '../parts/command.tsx';
import { Curves } from '../parts/curves.tsx';
import { bytes, moment, shellCommand } from '../parts/format.ts';
import { Port } from '../parts/ports.tsx';
import { nameOf } from '../parts/pruned.ts';
import { Problem } from '../parts/problem.tsx';
import { useInView } from '../state/in-view.ts';
import { useCurrent, useLoaded } from '../state/loaded.ts';

/** The fields of `vmlet inspect`, readable. */
export function Overview({ machine }: { readonly machine: SoundMachine }) {
  const { name, spec, status, ports } = machine;
  const { data, problem } = useLoaded<{ machine: InspectedMachine }>(machinePath(name), machine);
  const disks = useCurrent<{ disks: readonly Disk[] }>(machinePath(name, 'disks'));
  const images = useLoaded<{ images: readonly Image[] }>('/v1/images');
  const source = imageOf(spec, images.data?.images ?? []);
  const element = useRef<HTMLDivElement>(null);
  const isRunning = status.kind === 'running';
  useInView(name, element);
  return (
    <>
      <div class="curves" ref={element}>
        {isRunning && <Curves name={name} cpus={spec.cpus} />}
      </div>
      <div class="facts">
        <Section title="State">
          <Fact name="State">{status.description}</Fact>
          {'startedAt' in status && <Fact name="Started">{moment(status.startedAt)}</Fact>}
          {'endedAt' in status && status.endedAt && <Fact name="Ended">{moment(status.endedAt)}</Fact>}
          <Fact name="Created">{moment(spec.createdAt)}</Fact>
          <Fact name="Protected">{spec.protected ? 'yes' : 'no'}</Fact>
          {spec.command && <Fact name="Command">{shellCommand(...spec.command.argv)}</Fact>}
        </Section>
        <Section title="Hardware">
          <Fact name="Processors">{spec.cpus}</Fact>
          <Fact name="Memory">{bytes(spec.memoryBytes)}</Fact>
          <Fact name="Firmware">{spec.firmware.kind}</Fact>
          <Fact name="TPM">{spec.tpm ? 'yes' : 'no'}</Fact>
          <Fact name="Display">{spec.display}</Fact>
          <Fact name="UUID">{spec.uuid}</Fact>
        </Section>
        <Section title="Disks">
          {source !== undefined && <Fact name="Image">{source}</Fact>}
          {spec.disks.map((disk) => (
            <Fact key={disk.name} name={disk.name}>
              {sizeOf(disk.name, disks.data?.disks)}
              <code>{disk.file}</code> {disk.format}
              {disk.readOnly ? ', read-only' : ''}
              {disk.backing && (
                <>
                  , on <code>{disk.backing.path}</code>
                </>
              )}
            </Fact>
          ))}
          {spec.cdroms.map(({ name: drive, path }) => (
            <Fact key={drive} name={drive}>
              {path === undefined ? 'empty' : <code>{path}</code>}
            </Fact>
          ))}
          {(spec.shares ?? []).map(({ source, target, readOnly }) => (
            <Fact key={target} name={target}>
              <code>{source}</code>
              {readOnly ? ', read-only' : ''}
            </Fact>
          ))}
        </Section>
        <Section title="Network">
          <Fact name="Backend">{spec.net}</Fact>
          {spec.bridge !== undefined && <Fact name="Bridge">{spec.bridge}</Fact>}
          <Fact name="Address">{spec.mac}</Fact>
          {(isRunning ? ports : spec.ports).map((port) => (
            <Fact key={`${port.guestPort}/${port.protocol} ${port.hostAddress}:${port.hostPort}`} name="Port">
              <Port port={port} live={isRunning} />
            </Fact>
          ))}
          <Fact name="ssh user">{spec.sshUser}</Fact>
        </Section>
        {Object.keys(spec.labels).length > 0 && (
          <Section title="Labels">
            {Object.entries(spec.labels).map(([label, value]) => (
              <Fact key={label} name={label}>
                {value}
              </Fact>
            ))}
          </Section>
        )}
      </div>
      {data && <Files values={data.machine.files} />}
      {[problem, disks.problem, images.problem].map(
        (one, index) => one && <Problem key={index} problem={one} />,
      )}
      <Everything machine={machine} data={data?.machine} />
    </>
  );
}

/** The image that the machine was created from; undefined if it is not an image of the store. */
function imageOf({ boot, disks }: SoundMachine['spec'], images: readonly Image[]): string | undefined {
  if (boot.kind === 'image') return boot.image;
  const image = images.find(({ digest }) => disks.some(({ backing }) => backing?.path.includes(digest)));
  return image && nameOf(image);
}

function sizeOf(name: string, disks: readonly Disk[] = []): string {
  const size = disks.find((disk) => disk.name === name)?.virtualBytes;
  return size === undefined ? '' : `${bytes(size)}, `;
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

function Section({
  title,
  children,
}: {
  readonly title: string;
  readonly children: preact.ComponentChildren;
}) {
  return (
    <section>
      <h2>{title}</h2>
      <dl>{children}</dl>
    </section>
  );
}

function Fact({ name, children }: { readonly name: string; readonly children: preact.ComponentChildren }) {
  return (
    <>
      <dt>{name}</dt>
      <dd>{children}</dd>
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
