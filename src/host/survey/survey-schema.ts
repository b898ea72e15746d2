import * as z from 'zod';
import { CPU_LEVELS } from '../../util/cpu-level.ts';
import { SURVEY_VERSION } from './survey-version.ts';

const qemu = z.strictObject({
  path: z.string(),
  version: z.string(),
  /** Machine types, aliases such as q35 included. */
  machines: z.array(z.string()),
  /** Those of `ASKED_DEVICES` that this QEMU has. */
  devices: z.array(z.string()),
  /** Values for `type` in -netdev. */
  netdevs: z.array(z.string()),
  /** Types for -object. */
  objects: z.array(z.string()),
  /** Accelerators built in, such as tcg and kvm; whether they work is another question. */
  accelerators: z.array(z.string()),
  /** Parameters of -run-with. */
  runWith: z.array(z.string()),
  /** Sockets come back after milliseconds; older ones count in seconds. */
  hasReconnectMs: z.boolean(),
  /** A stream netdev comes back at all (QEMU 8.0); where not, it can listen. */
  hasStreamReconnect: z.boolean(),
  /** It opens the file for its state by itself (QEMU 8.2); where not, it gets it open. */
  opensStateFiles: z.boolean(),
  /** -sandbox with all four denials starts. */
  sandbox: z.boolean(),
  /** Where it looks for firmware, in its order; some may not exist. */
  dataDirectories: z.array(z.string()),
});

const kvm = z.discriminatedUnion('usable', [
  /** `cpu` is the model that was proved, `level` what it has. */
  z.strictObject({ usable: z.literal(true), cpu: z.string(), level: z.enum(CPU_LEVELS) }),
  z.strictObject({ usable: z.literal(false), reason: z.string(), hint: z.string().optional() }),
]);

const unable = z.strictObject({ usable: z.literal(false), reason: z.string() });
const ability = z.discriminatedUnion('usable', [z.strictObject({ usable: z.literal(true) }), unable]);

/** What can be taken away from programs here, each layer proved by a refusal. */
const confinement = z.strictObject({
  landlock: z.discriminatedUnion('usable', [
    z.strictObject({ usable: z.literal(true), abi: z.number() }),
    unable,
  ]),
  seccomp: ability,
  namespaces: z.strictObject({ mount: ability, net: ability, ipc: ability, uts: ability }),
});

const passt = z.strictObject({
  path: z.string(),
  /** A date and a commit; some releases print it on a terminal only. */
  version: z.string().optional(),
  /** --fd: takes a connected socket. */
  hasFd: z.boolean(),
  hasVhostUser: z.boolean(),
  /** A forwarded connection is established before the host's side sends: what speaks first in the guest is heard. */
  completesHandshakes: z.boolean(),
  /** Why it does not run here; undefined when it does. */
  problem: z.string().optional(),
});

/** What was found on this host, with or without QEMU. Plain data: printable, and cached as JSON. */
export const surveySchema = z.strictObject({
  /** Of this shape; raised whenever it changes. */
  version: z.literal(SURVEY_VERSION),
  qemu: qemu.optional(),
  /** QEMU is there and does not start: its last words. Such a survey is not cached. */
  qemuProblem: z.string().optional(),
  qemuImg: z.strictObject({ path: z.string(), version: z.string() }).optional(),
  passt: passt.optional(),
  confinement,
  accelerator: z.strictObject({ kvm }),
});
