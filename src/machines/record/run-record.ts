import * as z from 'zod';
import type { ExitStatus } from '../../errors/index.ts';
import { type MountProblem, mountProblem } from '../../guest/agent/failure.ts';
import type { ShareLoss } from '../../machine/share/running-share.ts';
import {
  type LifeEvents,
  type Outcome,
  decideOutcome,
  foldLifeEvent,
  noLifeEvents,
} from '../../machine/life/outcome.ts';
import { type OutOfSpace, outOfSpaceOf } from '../../machine/life/out-of-space.ts';
import type { ProcessIdentity } from '../../process/procfs/identity.ts';
import { signalName } from '../../util/system/signal-name.ts';

// Schemas are made at their first use, which takes a millisecond.

const processSchema = z.lazy(() => z.object({ pid: z.int().positive(), startTime: z.number() }));
/** Milliseconds since 1970, within the range of Date. */
const moment = z.number().min(-8.64e15).max(8.64e15);

const failedMountSchema = z.lazy(() => z.object({ path: z.string(), phase: z.int(), errno: z.int() }));

const runSchema = z.lazy(() =>
  z.object({
    version: z.literal(1),
    bootId: z.string(),
    keeper: processSchema,
    qemu: processSchema.nullable(),
    helpers: z.record(z.string(), processSchema),
    state: z.string(),
    // Sent by QEMU. A compromised QEMU may send anything, and its machine must still be listed.
    diskStop: z.unknown().optional(),
    /** Missing in records of older keepers. */
    failedMounts: z.array(failedMountSchema).default([]),
    startedAt: moment,
  }),
);

/** How the machine's command ended; one of the first two is null. */
const commandEndSchema = z.lazy(() =>
  z.object({
    exitCode: z.int().nullable(),
    signal: z.int().nullable(),
    /** Why there is no status of its own. */
    problem: z.string().nullable(),
    /** The mount without which it was not started. */
    mount: failedMountSchema.nullish(),
  }),
);

const endSchema = z.lazy(() =>
  z.object({
    version: z.literal(1),
    startedAt: moment,
    endedAt: moment,
    exitCode: z.int().nullable(),
    signal: z.int().nullable(),
    sentSignal: z.int().nullable(),
    negotiated: z.boolean(),
    fatalRunState: z.literal('internal-error').nullable(),
    /** Through the agent; missing in records of older keepers. */
    askedToPowerOff: z.boolean().optional(),
    /** The helper without which QEMU could not continue, for which the keeper killed it. */
    lostHelper: z
      .object({ name: z.string(), exitCode: z.int().nullable(), signal: z.int().nullable() })
      .nullish(),
    /** Null if none was begun; missing in records of older keepers. */
    command: commandEndSchema.nullish(),
    /** The problem for which vmlet ended the machine during its start. */
    failedStart: z.string().optional(),
    events: z.array(z.object({ event: z.string(), data: z.unknown().optional() })),
  }),
);

/** A directory, volume or tmpfs that a guest could not mount. */
export interface FailedMount extends MountProblem {
  /** Its path in the guest. */
  readonly target: string;
}

/** The keeper's record of a running machine, `run.json`. */
export interface RunRecord {
  readonly keeper: ProcessIdentity;
  /** Undefined until QEMU has been started. */
  readonly qemu: ProcessIdentity | undefined;
  readonly helpers: Readonly<Record<string, ProcessIdentity>>;
  /** `starting`, then QEMU's own states: `running`, `paused`, `io-error`, …; a machine that was started paused is `paused`. */
  readonly state: string;
  /** Why it is in the state `io-error`. */
  readonly outOfSpace: OutOfSpace | undefined;
  /** Directories, volumes and tmpfs that the guest could not mount when its agent was last asked. */
  readonly failedMounts: readonly FailedMount[];
  readonly startedAt: Date;
}

/** The keeper's record of how a machine ended, `end.json`; after a failed start, completed by vmlet. */
export type EndRecord = z.infer<typeof endSchema>;

/** QEMU's state until its processors run for the first time. */
const PAUSED_AT_START = 'prelaunch';

/** @throws ZodError, SyntaxError */
export function parseRunRecord(text: string): RunRecord {
  const record = runSchema.parse(JSON.parse(text));
  const { bootId, keeper, qemu, helpers, state, diskStop, failedMounts, startedAt } = record;
  return {
    keeper: { ...keeper, bootId },
    qemu: qemu ? { ...qemu, bootId } : undefined,
    helpers: Object.fromEntries(Object.entries(helpers).map(([name, own]) => [name, { ...own, bootId }])),
    state: state === PAUSED_AT_START ? 'paused' : state,
    outOfSpace: state === 'io-error' ? outOfSpaceOf(diskStop) : undefined,
    failedMounts: failedMounts.map(failedMountOf),
    startedAt: new Date(startedAt),
  };
}

function failedMountOf({ path, ...failure }: z.infer<typeof failedMountSchema>): FailedMount {
  return { target: path, ...mountProblem(failure) };
}

/** Describes them in one phrase for people. */
export function describeFailedMounts(failed: readonly Pick<FailedMount, 'target' | 'problem'>[]): string {
  return failed.map(({ target, problem }) => `cannot mount ${target}: ${problem}`).join('; ');
}

/** @throws ZodError, SyntaxError */
export function parseEndRecord(text: string): EndRecord {
  return endSchema.parse(JSON.parse(text));
}

/** The end of a machine's command. */
export interface CommandEnd {
  /** 125 to 127 if it was not run, as for `vmlet run`; undefined for a signal. */
  readonly exitCode: number | undefined;
  readonly signal: NodeJS.Signals | undefined;
  /** Why there is no status of its own. */
  readonly problem: string | undefined;
}

/** Returns undefined if the run had no command. */
export function commandEndOf({ command }: EndRecord): CommandEnd | undefined {
  if (!command) return undefined;
  const { exitCode, signal, problem, mount } = command;
  return {
    exitCode: exitCode ?? undefined,
    signal: recordedSignal(signal),
    problem: mount ? describeFailedMounts([failedMountOf(mount)]) : (problem ?? undefined),
  };
}

/**
 * @param lastWords QEMU's last lines, which may explain the end.
 * @param shareLoss why the keeper killed QEMU, for a share.
 */
export function outcomeOf(
  end: EndRecord,
  lastWords: readonly string[],
  shareLoss: ShareLoss | undefined,
): Outcome {
  // The button is one of the events.
  const asked = { ...noLifeEvents, askedToPowerOff: end.askedToPowerOff ?? false };
  return decideOutcome({
    status: { exitCode: end.exitCode ?? undefined, signal: recordedSignal(end.signal) },
    negotiated: end.negotiated,
    lastWords,
    fatalRunState: end.fatalRunState ?? undefined,
    shareLoss,
    events: end.events.reduce<LifeEvents>(foldLifeEvent, asked),
    sentSignal: recordedSignal(end.sentSignal),
  });
}

/** Returns the exit status of the helper that the machine lost; undefined for none. */
export function lostHelperOf({ lostHelper }: EndRecord): { name: string; status: ExitStatus } | undefined {
  if (!lostHelper) return undefined;
  const { name, exitCode, signal } = lostHelper;
  return { name, status: { exitCode: exitCode ?? undefined, signal: recordedSignal(signal) } };
}

function recordedSignal(number: number | null): NodeJS.Signals | undefined {
  return number === null ? undefined : signalName(number);
}
