import { basename } from 'node:path';
import * as z from 'zod';
import { BrokenMachineError } from '../../errors/index.ts';
import type { NamedPlan } from '../../machine/plan/named-plan.ts';
import { exchangeFile } from '../../util/files/atomic-file.ts';
import type { MachineFiles } from './machine-files.ts';
import { readMachineRecord } from './machine-record.ts';

// Schemas are made at their first use, which takes milliseconds: a start reads forwards alone, and most commands nothing.

const forwardsSchema = z.lazy(() => z.looseObject(forwardsShape()));

/** The parts of a plan that are read back. */
const planSchema = z.lazy(() =>
  z
    .looseObject({
      ...forwardsShape(),
      board: z.looseObject({ options: z.record(z.string(), z.string()) }),
      accelerator: z.looseObject({ kind: z.enum(['kvm', 'tcg']) }),
      directory: z.looseObject({ sockets: z.string() }),
      // A plan of an older release has none.
      shares: z.array(z.unknown()).default([]),
      privateCards: z.array(z.unknown()).default([]),
      copies: z.array(z.unknown()).default([]),
      volumes: z.array(z.unknown()).default([]),
      tmpfs: z.array(z.unknown()).default([]),
      bridges: z.array(z.looseObject({ ...bridgeShape(), number: z.int() })).optional(),
      bridge: z.looseObject(bridgeShape()).optional(),
      vncSocket: z.string().optional(),
      cdroms: z.array(z.looseObject({ name: z.string(), path: z.string().optional() })),
      rootPorts: z.array(z.string()),
      settings: z.record(z.string(), z.unknown()).optional(),
    })
    .transform(({ bridge, bridges, ...plan }) => ({
      ...plan,
      // A plan of an older release has one at most, which is the first card.
      bridges: bridges ?? (bridge ? [{ ...bridge, number: 0 }] : []),
    })),
);

/** The ports and sockets of the host that lead to the guest. */
function forwardsShape() {
  const bound = z.looseObject({
    protocol: z.enum(['tcp', 'udp']),
    hostAddress: z.string(),
    hostPort: z.int(),
    guestPort: z.int(),
  });
  const socket = z.looseObject({ path: z.string(), guestPort: z.int() });
  return {
    network: z.looseObject({ forwards: z.array(bound), addsSsh: z.boolean().optional() }).optional(),
    relay: z.looseObject({ sockets: z.array(socket), ports: z.array(bound) }).optional(),
  };
}

function bridgeShape() {
  return { mac: z.string(), mtu: z.number().optional() };
}

/**
 * Returns the plan of a running machine, including later changes.
 * @throws BrokenMachineError when it is missing or invalid.
 */
export function readPlan(files: Pick<MachineFiles, 'directory' | 'plan'>): NamedPlan {
  const plan = findPlan(files);
  if (!plan) {
    const machine = basename(files.directory);
    throw new BrokenMachineError(machine, `${files.plan} is missing`, {
      hint: `restart the machine to create this file again: vmlet restart ${machine}`,
    });
  }
  return plan;
}

/** Replaces the plan after a change of the running machine. No data is lost with it: it is not flushed. */
export function replacePlan({ plan: path }: Pick<MachineFiles, 'plan'>, plan: NamedPlan): void {
  exchangeFile(path, JSON.stringify(plan));
}

/** Returns the plan of the last start; undefined before the first. @throws BrokenMachineError */
export function findPlan(files: Pick<MachineFiles, 'directory' | 'plan'>): NamedPlan | undefined {
  return readMachineRecord(
    files,
    files.plan,
    (text) => planSchema.parse(JSON.parse(text)) as unknown as NamedPlan,
  );
}

/** Like `findPlan`, but only the forwards. */
export function findForwards(
  files: Pick<MachineFiles, 'directory' | 'plan'>,
): Pick<NamedPlan, 'network' | 'relay'> | undefined {
  return readMachineRecord(
    files,
    files.plan,
    (text) => forwardsSchema.parse(JSON.parse(text)) as Pick<NamedPlan, 'network' | 'relay'>,
  );
}
