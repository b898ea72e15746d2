import * as z from 'zod';
import { BrokenQemuError, CommandFailedError, TimedOutError, tellingLine } from '../../errors/index.ts';
import { run } from '../../process/run.ts';
import { type SupervisedProcess, supervise } from '../../process/supervise.ts';
import { withinLimits } from '../../util/time/deadline.ts';
import { Scope } from '../../util/scope.ts';
import { together } from '../../util/time/together.ts';
import type { QemuFeatures } from '../survey/host.ts';
import { questionQemu } from './qemu-questions.ts';
import { readSchemaFeatures } from './schema-features.ts';

/** Devices that vmlet may use; QEMU has hundreds, and the cache is read at every launch. */
const ASKED_DEVICES = [
  'VGA',
  'e1000e',
  'i6300esb',
  'ich9-ahci',
  'isa-debug-exit',
  'isa-debugcon',
  'isa-serial',
  'nvme',
  'pcie-root-port',
  'pvpanic',
  'pvpanic-pci',
  'qemu-xhci',
  'scsi-cd',
  'scsi-hd',
  'usb-tablet',
  'vhost-user-fs-pci',
  'vhost-vsock-pci',
  'virtconsole',
  'virtio-balloon-pci',
  'virtio-blk-device',
  'virtio-blk-pci',
  'virtio-gpu-pci',
  'virtio-mem-pci',
  'virtio-net-device',
  'virtio-net-pci',
  'virtio-rng-pci',
  'virtio-scsi-pci',
  'virtio-serial-device',
  'virtio-serial-pci',
  'virtio-vga',
  'virtserialport',
  'vmcoreinfo',
  'vmgenid',
] as const;

/** Every denial that -sandbox offers; only the calls that QEMU needs remain. */
export const SANDBOX_OPTION = 'on,obsolete=deny,elevateprivileges=deny,spawn=deny,resourcecontrol=deny';

/** QEMU without a guest answers in tens of milliseconds; this allows for an overloaded host. */
const PATIENCE_MS = 20_000;
const LAST_WORDS_MS = 5000;
const LAST_LINES = 20;

/**
 * Probes QEMU: one start without a machine, and two that print a list and exit, all in parallel.
 * @throws BrokenQemuError, TimedOutError, or the signal's reason.
 */
export async function probeQemu(path: string, signal: AbortSignal | undefined): Promise<QemuFeatures> {
  const [answers, dataDirectories, netdevs] = await together(
    [
      async (either) =>
        (await interviewQemu(path, true, either)) ?? (await interviewQemu(path, false, either)),
      async (either) => listHelp([path, '-L', 'help'], /^\//, either),
      // query-qmp-schema also lists backends that were not built in.
      async (either) => listHelp([path, '-netdev', 'help'], /^[\w-]+$/, either),
    ],
    signal,
  );
  if (!answers) throw new BrokenQemuError(path, '');
  return { path, ...answers, dataDirectories, netdevs };
}

/** Returns the output lines of the given form. Every QEMU prints some; output without any is an error and not cached. */
async function listHelp(
  argv: readonly [string, ...string[]],
  form: RegExp,
  signal: AbortSignal,
): Promise<string[]> {
  try {
    const { stdout } = await run(argv, { signal, timeoutMs: PATIENCE_MS, environment: {} });
    const lines = stdout.toString('utf8').split('\n');
    const found = lines.filter((line) => form.test(line));
    if (found.length > 0) return found;
    throw new BrokenQemuError(
      argv[0],
      `${argv.slice(1).join(' ')} printed no list: ${JSON.stringify(lines[0]?.slice(0, 100))}`,
    );
  } catch (error) {
    if (!(error instanceof CommandFailedError)) throw error;
    throw new BrokenQemuError(argv[0], tellingLine(error.stderr) ?? '');
  }
}

const namesSchema = z.array(z.looseObject({ name: z.string(), alias: z.string().optional() }));
const versionSchema = z.looseObject({
  qemu: z.looseObject({ major: z.number(), minor: z.number(), micro: z.number() }),
});
const optionsSchema = z
  .array(z.looseObject({ parameters: z.array(z.looseObject({ name: z.string() })) }))
  .catch([]);

/** Waits for QEMU's last output: the connection may close before it is read. A stalled QEMU has printed all of it. */
async function lastWordsOf({ outputEnded }: SupervisedProcess, signal: AbortSignal): Promise<void> {
  try {
    await withinLimits('waiting for the last output of QEMU', outputEnded, {
      timeoutMs: LAST_WORDS_MS,
      signal,
    });
  } catch (error) {
    if (!(error instanceof TimedOutError)) throw error;
  }
}

/** Returns undefined when QEMU does not start with -sandbox, so that the caller can retry without it. */
async function interviewQemu(
  path: string,
  sandbox: boolean,
  signal: AbortSignal,
): Promise<Omit<QemuFeatures, 'path' | 'dataDirectories' | 'netdevs'> | undefined> {
  await using scope = new Scope();
  const argv = [
    // -mon works in every QEMU; whether monitors are objects is not known before QEMU has answered.
    ...['-machine', 'none', '-nodefaults', '-no-user-config', '-display', 'none'],
    ...['-chardev', 'socket,id=questions,fd=3', '-mon', 'chardev=questions,mode=control'],
    ...(sandbox ? ['-sandbox', SANDBOX_OPTION] : []),
  ];
  const qemu = supervise([path, ...argv], { environment: {}, descriptors: ['pipe'] }, scope);
  const connection = qemu.connections.get(3);
  if (!connection) throw new TypeError('QEMU was started without descriptor 3');
  const { ask } = questionQemu(qemu, connection);
  const answers = Promise.all([
    ask('query-version'),
    ask('query-machines'),
    ask('qom-list-types', { implements: 'device' }),
    ask('qom-list-types', { implements: 'user-creatable' }),
    ask('qom-list-types', { implements: 'accel' }),
    ask('query-command-line-options', { option: 'run-with' }),
    ask('query-qmp-schema'),
  ]);
  const [version, machines, devices, objects, accelerators, runWith, schema] = await withinLimits(
    'probing QEMU',
    answers,
    { timeoutMs: PATIENCE_MS, signal },
  );
  if (version === undefined) {
    if (sandbox) return undefined;
    await lastWordsOf(qemu, signal);
    throw new BrokenQemuError(path, tellingLine(qemu.output.last(LAST_LINES)) ?? '');
  }
  try {
    return readAnswers({ version, machines, devices, objects, accelerators, runWith, schema }, sandbox);
  } catch (error) {
    if (!(error instanceof z.ZodError)) throw error;
    throw new BrokenQemuError(path, 'its answers are not valid QMP');
  }
}

type Answers = Readonly<
  Record<'version' | 'machines' | 'devices' | 'objects' | 'accelerators' | 'runWith' | 'schema', unknown>
>;

/** @throws ZodError */
function readAnswers(
  { version, machines, devices, objects, accelerators, runWith, schema }: Answers,
  sandbox: boolean,
): Omit<QemuFeatures, 'path' | 'dataDirectories' | 'netdevs'> {
  const { major, minor, micro } = versionSchema.parse(version).qemu;
  const has = new Set(namesSchema.parse(devices).map(({ name }) => name));
  return {
    version: `${major}.${minor}.${micro}`,
    machines: namesSchema
      .parse(machines)
      .flatMap(({ name, alias }) => (alias ? [name, alias] : [name]))
      .sort(),
    devices: ASKED_DEVICES.filter((name) => has.has(name)),
    objects: namesSchema
      .parse(objects)
      .map(({ name }) => name)
      .sort(),
    accelerators: namesSchema
      .parse(accelerators)
      .filter(({ name }) => name.endsWith('-accel'))
      .map(({ name }) => name.replace(/-accel$/, '')),
    runWith: optionsSchema
      .parse(runWith)
      .flatMap(({ parameters }) => parameters)
      .map(({ name }) => name),
    ...readSchemaFeatures(schema),
    sandbox,
  };
}
