import * as z from 'zod';
import type { ListedForward, NamedMachine } from '../../../machines/index.ts';
import { jsonOf } from './json.ts';

const port = z.int().min(1).max(65_535);

type Bound = Extract<ListedForward, { ephemeral: boolean }>;

export const forward = jsonOf<
  Omit<Bound, 'hostPort' | 'ephemeral'> & Partial<Pick<Bound, 'hostPort' | 'ephemeral'>>
>()({
  protocol: z.enum(['tcp', 'udp']),
  hostAddress: z.string(),
  hostPort: port.optional(),
  guestPort: port,
  ephemeral: z
    .boolean()
    .optional()
    .describe('vmlet chose the port of the host; missing while the machine is not running'),
  automatic: z
    .literal(true)
    .optional()
    .describe('vmlet itself adds the forward, for ssh: it cannot be removed'),
});

export const socketForward = jsonOf<ReturnType<NamedMachine['sockets']>[number]>()({
  path: z.string(),
  guestPort: port,
});
