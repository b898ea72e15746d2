import * as z from 'zod';
import type { QemuFeatures } from '../survey/host.ts';

/** The parts of query-qmp-schema (qapi/introspect.json) that are used here. */
const schema = z.array(
  z.looseObject({
    name: z.string(),
    'meta-type': z.string(),
    'arg-type': z.string().optional(),
    members: z.array(z.looseObject({ name: z.string().optional() })).optional(),
    variants: z.array(z.looseObject({ case: z.string(), type: z.string() })).optional(),
  }),
);

type Features = Pick<
  QemuFeatures,
  'hasReconnectMs' | 'hasStreamReconnect' | 'opensStateFiles' | 'staysOnRestoreFailure'
>;

/** Reads features from QEMU's description of its commands. @throws ZodError */
export function readSchemaFeatures(answer: unknown): Features {
  const entries = new Map(schema.parse(answer ?? []).map((entry) => [entry.name, entry]));
  const namesIn = (type: string | undefined): readonly (string | undefined)[] =>
    (type === undefined ? undefined : entries.get(type))?.members?.map(({ name }) => name) ?? [];
  const argumentOf = (command: string): string | undefined => entries.get(command)?.['arg-type'];
  const netdev = entries.get(argumentOf('netdev_add') ?? '');
  const stream = namesIn(netdev?.variants?.find((variant) => variant.case === 'stream')?.type);
  const incoming = namesIn(argumentOf('migrate-incoming'));
  return {
    hasReconnectMs: stream.includes('reconnect-ms'),
    hasStreamReconnect: stream.includes('reconnect') || stream.includes('reconnect-ms'),
    // Transports of this form were added together with the one for files.
    opensStateFiles: incoming.includes('channels'),
    staysOnRestoreFailure: incoming.includes('exit-on-error'),
  };
}
