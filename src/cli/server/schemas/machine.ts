import * as z from 'zod';
import type { ExitStatus } from '../../../errors/index.ts';
import type { CommandEnd, FailedMount, MachineStatus } from '../../../machines/index.ts';
import { specSchema } from '../../../public/definitions.ts';
import { anyObject, jsonOf, moment } from './json.ts';
import { forward, socketForward } from './port.ts';

type Running = Extract<MachineStatus, { kind: 'running' }>;
type Outcome = Extract<MachineStatus, { kind: 'stopped' }>['outcome'];
type OutcomeOf<Kind> = Extract<Outcome, { kind: Kind }>;

const lines = z.array(z.string());
/** Its name, such as `SIGKILL`. */
const signal = z.string() as z.ZodType<NodeJS.Signals>;
const exit = jsonOf<ExitStatus>()({ exitCode: z.int().optional(), signal: signal.optional() });
const failed = { status: exit, lastWords: lines };

const outcome = z.discriminatedUnion('kind', [
  jsonOf<OutcomeOf<'power-off'>>()({ kind: z.literal('power-off'), requested: z.boolean() }),
  z.strictObject({
    kind: z.enum([
      ...(['reboot', 'panic', 'watchdog', 'host-quit', 'host-reset', 'host-signal'] as const),
      ...(['host-down', 'keeper-killed'] as const),
    ]),
  }),
  jsonOf<OutcomeOf<'guest-exit'>>()({ kind: z.literal('guest-exit'), exitCode: z.int() }),
  jsonOf<OutcomeOf<'killed'>>()({ kind: z.literal('killed'), signal, expected: z.boolean() }),
  jsonOf<OutcomeOf<'qemu-crash'>>()({ kind: z.literal('qemu-crash'), ...failed }),
  jsonOf<OutcomeOf<'start-failure'>>()({ kind: z.literal('start-failure'), ...failed }),
  jsonOf<OutcomeOf<'accelerator-failure'>>()({ kind: z.literal('accelerator-failure'), lastWords: lines }),
  jsonOf<OutcomeOf<'share-lost'>>()({ kind: z.literal('share-lost'), target: z.string(), ...failed }),
]);

const description = z.string().describe('A phrase for people, such as why the machine ended');
const commandEnd = jsonOf<CommandEnd>()({
  exitCode: z.int().optional(),
  signal: signal.optional(),
  problem: z.string().optional(),
});
const process = jsonOf<Running['keeper']>()({
  pid: z.int(),
  startTime: z.number(),
  bootId: z.string(),
});
const failedMount = jsonOf<FailedMount>()({
  target: z.string(),
  errno: z.string(),
  problem: z.string(),
  hint: z.string().optional(),
});

type Described<Kind> = Extract<MachineStatus, { kind: Kind }> & { readonly description: string };

export const status = z.discriminatedUnion('kind', [
  jsonOf<Described<'created'>>()({ kind: z.literal('created'), description }),
  jsonOf<Described<'saved'>>()({ kind: z.literal('saved'), endedAt: moment.optional(), description }),
  jsonOf<Described<'stopped'>>()({
    kind: z.literal('stopped'),
    outcome,
    endedAt: moment.optional(),
    command: commandEnd.optional(),
    failedStart: z.string().optional(),
    description,
  }),
  jsonOf<Described<'running'>>()({
    kind: z.literal('running'),
    keeper: process,
    qemu: process.optional(),
    helpers: z.record(z.string(), process),
    state: z.string(),
    outOfSpace: jsonOf<NonNullable<Running['outOfSpace']>>()({ disk: z.string() }).optional(),
    failedMounts: z.array(failedMount),
    startedAt: moment,
    description,
  }),
]);

const paths: z.ZodType<object> = z.record(z.string(), z.string());
const pendingChanges = z
  .array(z.string())
  .describe(
    'Settings that take effect at the next start, by their names in `set`, such as `memory`: `spec` has the new values',
  );

const parts = {
  name: z.string(),
  state: z
    .string()
    .describe(
      'running, paused, stopped, created, saved, broken, starting, or another state of QEMU, such as io-error (no space)',
    ),
  spec: specSchema,
  status,
  ports: z.array(forward),
  sockets: z.array(socketForward),
};

export const machine = z.union([
  z.strictObject({
    ...parts,
    pendingChanges,
    changedAt: moment
      .optional()
      .describe(
        'When a command last began or ended to change it: when it differs, its disks and snapshots may differ too',
      ),
  }),
  z.strictObject({ name: z.string(), state: z.literal('broken'), problem: z.string() }),
]);

export const inspectedMachine = z.strictObject({
  ...parts,
  state: parts.state.optional(),
  pendingChanges: pendingChanges.optional(),
  plan: anyObject
    .optional()
    .describe('Plan of QEMU, while the machine runs. Its fields are not part of the interface'),
  files: paths.describe('Paths of the files of the machine'),
});
