import { useRef } from 'preact/hooks';
import { machinePath } from '../api/client.ts';
import type { InspectedMachine, SoundMachine } from '../api/types.ts';
import { Command } from '../parts/command.tsx';
import { Curves } from '../parts/curves.tsx';
import { bytes, moment, shellCommand } from '../parts/format.ts';
import { Port } from '../parts/ports.tsx';
import { Problem } from '../parts/problem.tsx';
import { useInView } from '../state/in-view.ts';
import { useLoaded } from '../state/loaded.ts';

/** The fields of `vmlet inspect`, readable. */
export function Overview({ machine }: { readonly machine: SoundMachine }) {
  const { name, spec, status, ports } = machine;
  const { data, problem } = useLoaded<{ machine: InspectedMachine }>(machinePath(name), machine);
  const element = useRef<HTMLDivElement>(null);
  useInView(name, element);
  return (
    <>
      <div class="curves" ref={element}>
        <Curves name={name} cpus={spec.cpus} />
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
          {spec.disks.map((disk) => (
            <Fact key={disk.name} name={disk.name}>
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
          {ports.map((port) => (
            <Fact key={`${port.hostPort}/${port.protocol}`} name="Port">
              <Port port={port} />
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
        {data && <Tree title="Files" values={data.machine.files} />}
      </div>
      {problem && <Problem problem={problem} />}
      <Everything machine={machine} data={data?.machine} />
    </>
  );
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

function Tree({
  title,
  values,
}: {
  readonly title: string;
  readonly values: Readonly<Record<string, unknown>>;
}) {
  return (
    <Section title={title}>
      {Object.entries(values)
        .filter(([, value]) => typeof value === 'string')
        .map(([key, value]) => (
          <Fact key={key} name={key}>
            <code>{String(value)}</code>
          </Fact>
        ))}
    </Section>
  );
}
