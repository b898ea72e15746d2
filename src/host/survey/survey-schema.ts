import * as z from 'zod';
import { CPU_LEVELS } from '../../util/system/cpu-level.ts';
import { SURVEY_VERSION } from './survey-version.ts';

const qemu = z.strictObject({
  path: z.string(),
  version: z.string(),
  /** Machine types, including aliases such as q35. */
  machines: z.array(z.string()),
  /** The devices of `ASKED_DEVICES` that this QEMU has. */
  devices: z.array(z.string()),
  /** Values for `type` in -netdev. */
  netdevs: z.array(z.string()),
  /** Types for -object. */
  objects: z.array(z.string()),
  /** Accelerators built in, such as tcg and kvm; they may still not work. */
  accelerators: z.array(z.string()),
  /** Parameters of -run-with. */
  runWith: z.array(z.string()),
  /** Sockets reconnect after milliseconds; older QEMU counts in seconds. */
  hasReconnectMs: z.boolean(),
  /** A stream netdev can reconnect (QEMU 8.0); without it, it can listen. */
  hasStreamReconnect: z.boolean(),
  /** QEMU opens state files itself (QEMU 8.2); without it, it gets an open descriptor. */
  opensStateFiles: z.boolean(),
  /** QEMU reports why it cannot restore a state (QEMU 9.1); older versions exit. */
  staysOnRestoreFailure: z.boolean(),
  /** QEMU starts with -sandbox and all four denials. */
  sandbox: z.boolean(),
  /** Directories searched for firmware, in order; some may not exist. */
  dataDirectories: z.array(z.string()),
});

const kvm = z.discriminatedUnion('usable', [
  /** `cpu` is the proved model, `level` its CPU level. */
  z.strictObject({ usable: z.literal(true), cpu: z.string(), level: z.enum(CPU_LEVELS) }),
  z.strictObject({ usable: z.literal(false), reason: z.string(), hint: z.string().optional() }),
]);

const unable = z.strictObject({ usable: z.literal(false), reason: z.string() });
const ability = z.discriminatedUnion('usable', [z.strictObject({ usable: z.literal(true) }), unable]);

/** Confinement that works here; each layer was proved by a denied access. */
const confinement = z.strictObject({
  landlock: z.discriminatedUnion('usable', [
    z.strictObject({ usable: z.literal(true), abi: z.number() }),
    unable,
  ]),
  seccomp: ability,
  namespaces: z.strictObject({ mount: ability, net: ability, ipc: ability, uts: ability }),
});

const qemuImg = z.strictObject({
  path: z.string(),
  version: z.string(),
  /** Why it does not run here; undefined when it does. Such a survey is not cached. */
  problem: z.string().optional(),
});

const passt = z.strictObject({
  path: z.string(),
  /** A date and a commit; some releases print it only on a terminal. */
  version: z.string().optional(),
  /** --fd: accepts a connected socket. */
  hasFd: z.boolean(),
  hasVhostUser: z.boolean(),
  /** A forwarded connection is established before the host's side sends, so servers in the guest can send first. */
  completesHandshakes: z.boolean(),
  /** Why passt does not run here; undefined when it does. */
  problem: z.string().optional(),
  /** pesto, which changes the forwards of a running passt (--conf-path). */
  pesto: z.string().optional(),
});

const virtiofsd = z.strictObject({
  path: z.string(),
  /** --translate-uid and --translate-gid: the files belong to one user on each side. */
  translatesIds: z.boolean(),
  /** --inode-file-handles: it can refer to files by handles, which a release may do unless told otherwise. */
  usesFileHandles: z.boolean(),
  /** --migration-on-error: a saved machine is restored when one of its files is gone. */
  survivesMissingFiles: z.boolean(),
  /** --no-announce-submounts: it tells the guest of mounts unless told otherwise. */
  announcesMounts: z.boolean(),
  /** It hands its state over when a machine is saved. */
  migrates: z.boolean(),
  /** Why it cannot be used here; undefined when it can. */
  problem: z.string().optional(),
});

/** Result of a probe of this host, with or without QEMU. Plain data: printable, and cached as JSON. */
export const surveySchema = z.strictObject({
  /** Version of this shape; raised at every change. */
  version: z.literal(SURVEY_VERSION),
  qemu: qemu.optional(),
  /** QEMU is installed but does not work: its last output. Such a survey is not cached. */
  qemuProblem: z.string().optional(),
  qemuImg: qemuImg.optional(),
  passt: passt.optional(),
  virtiofsd: virtiofsd.optional(),
  confinement,
  accelerator: z.strictObject({ kvm }),
});
