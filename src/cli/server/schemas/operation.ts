import * as z from 'zod';
import type { DescribedError } from '../answers/described-error.ts';
import type { OperationRecord, Progress } from '../operations/operation.ts';
import { anyObject, jsonOf } from './json.ts';

const text = z.string();

export const problem = jsonOf<DescribedError>()({
  code: text.describe('Such as VMLET_MACHINE_NOT_FOUND'),
  message: text.describe('As the command prints it'),
  hint: text.optional(),
  lines: z.array(text).optional().describe('The last output of QEMU or the guest'),
  field: text.optional().describe('The option with an invalid value, such as ports[0].hostPort'),
});

const progress = jsonOf<Progress>()({
  text: text.describe('For people'),
  percent: z.int().min(0).max(100).optional(),
  rung: text.optional().describe('Step of a stop: guest, power-button, quit, SIGTERM or SIGKILL'),
  created: z.boolean().optional().describe('A new machine exists: it remains even if its start fails'),
  passtRestarted: z
    .boolean()
    .optional()
    .describe(
      'A change of ports restarts passt, which ends the open connections of the guest through it, even if the change fails',
    ),
});

const milliseconds = z.int().describe('Milliseconds since 1970');

export const operation = jsonOf<OperationRecord>()({
  id: text,
  kind: text.describe(
    'The last part of the path, such as snapshots/create, without the name of a network; create for a new machine',
  ),
  machine: text.optional(),
  command: text.describe('The shell command that does the same'),
  state: z.enum(['running', 'done', 'failed', 'cancelled']),
  startedAt: milliseconds,
  endedAt: milliseconds.optional(),
  progress: progress.optional(),
  result: anyObject.optional().describe('Present when the operation is done'),
  error: problem.optional(),
});

/** Every answer that is an error. */
export const errorAnswer = z.strictObject({
  version: z.literal(1),
  error: problem,
  command: text.optional().describe('The shell command that does the same, for an action'),
  operation: operation.optional().describe('The operation that failed, for an action'),
});
