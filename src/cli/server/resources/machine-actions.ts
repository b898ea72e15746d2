import * as z from 'zod';
import { InvalidInputError } from '../../../errors/index.ts';
import type { MachineStore } from '../../../machines/index.ts';
import { type LiveMachine, type MachineStopRung, describeEnd } from '../../../machines/index.ts';
import { quoteForShell } from '../../../public/format.ts';
import { describeStop } from '../../lifecycle/stop.ts';
import { describePhase } from '../../output/progress.ts';
import { stateOf, timeStamp } from '../../state/snapshot.ts';
import { describeError } from '../answers/described-error.ts';
import type { Progress, Work } from '../operations/operation.ts';

interface Running<Body> {
  readonly store: MachineStore;
  readonly name: string;
  readonly body: Body;
  readonly signal: AbortSignal;
  readonly onProgress: (progress: Progress) => void;
}

/** A change of a machine that a client may ask for. */
export interface MachineAction {
  readonly schema: z.ZodType;
  /** @param body a value of the schema. */
  readonly work: (store: MachineStore, kind: string, name: string, body: unknown) => Work;
}

const RUNGS: Readonly<Record<MachineStopRung, string>> = {
  guest: 'asking its agent',
  'power-button': 'pressing its power button',
  quit: 'telling QEMU to quit',
  SIGTERM: 'sending SIGTERM to QEMU',
  SIGKILL: 'killing QEMU',
};

const nothing = z.strictObject({});
const name = z.string();
const flag = z.boolean().optional();
const timeoutMs = z.number().int().positive().optional();
const started = z.strictObject({ paused: flag, discardSaved: flag });
const stopped = z.strictObject({ timeoutMs });
const snapshot = z.strictObject({ name, disksOnly: flag });

/** Every action, by its path below the machine. */
export const MACHINE_ACTIONS: Readonly<Record<string, MachineAction>> = {
  start: action(
    started,
    (machine, { paused, discardSaved }) => [
      'start',
      ...option('--paused', paused),
      ...option('--discard-saved', discardSaved),
      machine,
    ],
    start,
  ),
  stop: action(stopped, (machine, { timeoutMs: limit }) => ['stop', ...timeout(limit), machine], stop),
  kill: action(
    nothing,
    (machine) => ['kill', machine],
    async ({ store, name: machine }) => ({
      description: describeEnd(await store.get(machine).live().kill()),
    }),
  ),
  restart: action(
    stopped,
    (machine, { timeoutMs: limit }) => ['restart', ...timeout(limit), machine],
    async (running) => {
      if (running.store.get(running.name).status().kind === 'running') await stop(running);
      return start({ ...running, body: {} });
    },
  ),
  reset: onLive('reset', async (live, signal) => live.reset({ signal })),
  pause: onLive('pause', async (live, signal) => live.pause({ signal })),
  resume: onLive('resume', async (live, signal) => live.resume({ signal })),
  save: onLive('save', async (live, signal) => live.save({ signal })),
  clone: action(
    z.strictObject({ name, linked: flag }),
    (machine, { name: clone, linked }) => ['clone', ...option('--linked', linked), machine, clone],
    async ({ store, name: machine, body, signal }) => {
      await store.get(machine).clone(body.name, { linked: body.linked ?? false, signal });
      return { name: body.name };
    },
  ),
  rename: action(
    z.strictObject({ name }),
    (machine, { name: other }) => ['rename', machine, other],
    async ({ store, name: machine, body }) => ({ name: (await store.get(machine).rename(body.name)).name }),
  ),
  protect: action(
    z.strictObject({ protected: z.boolean() }),
    (machine, body) => ['protect', ...option('--off', !body.protected), machine],
    async ({ store, name: machine, body }) => {
      await store.get(machine).set({ protect: body.protected });
      return {};
    },
  ),
  remove: action(
    z.strictObject({ storage: flag, force: flag }),
    (machine, { storage, force }) => [
      'rm',
      ...option('--storage', storage),
      ...option('--force', force),
      machine,
    ],
    async ({ store, name: machine, body: { storage = false, force = false } }) =>
      store.remove(machine, { storage, force }),
  ),
  'ports/add': action(
    z.strictObject({ ports: z.array(z.string()).min(1) }),
    (machine, { ports }) => ['port', 'add', machine, ...ports],
    async ({ store, name: machine, body, signal }) => ({
      ports: await store.get(machine).addPorts(body.ports, { signal }),
    }),
  ),
  'ports/remove': action(
    z.strictObject({ ports: z.array(z.string()).min(1).optional(), all: flag }),
    (machine, { ports = [], all }) => ['port', 'rm', machine, ...option('--all', all), ...ports],
    async ({ store, name: machine, body: { ports, all }, signal }) => {
      if ((ports === undefined) === (all !== true))
        throw new InvalidInputError('ports', 'expected ports, or all');
      return { ports: await store.get(machine).removePorts(all ? undefined : ports, { signal }) };
    },
  ),
  'snapshots/create': action(
    z.strictObject({ name: name.optional(), disksOnly: flag }),
    (machine, { name: given, disksOnly }) => [
      ...['snapshot', 'create', ...option('--disks-only', disksOnly), machine],
      ...(given === undefined ? [] : [given]),
    ],
    async ({ store, name: machine, body: { name: given = timeStamp(new Date()), disksOnly }, signal }) => {
      await store.get(machine).createSnapshot(given, { disksOnly, signal });
      return { name: given };
    },
  ),
  'snapshots/restore': action(
    snapshot,
    (machine, body) => ['snapshot', 'restore', ...option('--disks-only', body.disksOnly), machine, body.name],
    async ({ store, name: machine, body, signal }) => {
      const found = store.get(machine);
      await found.restoreSnapshot(body.name, { disksOnly: body.disksOnly, signal });
      return { state: await stateOf(found, signal) };
    },
  ),
  'snapshots/remove': action(
    z.strictObject({ names: z.array(name).min(1) }),
    (machine, { names }) => ['snapshot', 'rm', machine, ...names],
    async ({ store, name: machine, body, signal }) => {
      await store.get(machine).removeSnapshots(body.names, { signal });
      return {};
    },
  ),
};

function action<Schema extends z.ZodType>(
  schema: Schema,
  words: (machine: string, body: z.output<Schema>) => readonly string[],
  run: (running: Running<z.output<Schema>>) => Promise<object>,
): MachineAction {
  return {
    schema,
    work: (store, kind, machine, given) => {
      // The router has parsed it by this schema.
      const body = given as z.output<Schema>;
      return {
        kind,
        machine,
        command: shellCommand(words(machine, body)),
        run: async (signal, onProgress) => run({ store, name: machine, body, signal, onProgress }),
      };
    },
  };
}

/** A verb of a running machine without options. */
function onLive(
  verb: string,
  run: (live: LiveMachine, signal: AbortSignal) => Promise<unknown>,
): MachineAction {
  return action(
    nothing,
    (machine) => [verb, machine],
    async ({ store, name: machine, signal }) => {
      await run(store.get(machine).live(), signal);
      return {};
    },
  );
}

async function start({
  store,
  name: machine,
  body: { paused = false, discardSaved = false },
  signal,
  onProgress,
}: Running<z.output<typeof started>>): Promise<object> {
  const live = await store.get(machine).start({
    paused,
    discardSaved,
    signal,
    onProgress: (news) => onProgress({ text: describePhase(news), percent: Math.floor(news.fraction * 100) }),
    onRenewIdentity: () => onProgress({ text: 'giving the guest its own identity' }),
  });
  const { identityProblem: problem } = live;
  return { ports: live.ports(), ...(problem && { identityProblem: describeError(problem) }) };
}

async function stop({
  store,
  name: machine,
  body: { timeoutMs: limit },
  signal,
  onProgress,
}: Running<z.output<typeof stopped>>): Promise<object> {
  const result = await store
    .get(machine)
    .live()
    .stop({
      signal,
      ...(limit !== undefined && { timeoutMs: limit }),
      onRung: (rung) => onProgress({ text: RUNGS[rung], rung }),
    });
  return { rung: result.rung, description: describeStop(result) };
}

function option(word: string, given: boolean | undefined): string[] {
  return given === true ? [word] : [];
}

function timeout(limit: number | undefined): string[] {
  return limit === undefined ? [] : ['--timeout', `${limit}ms`];
}

function shellCommand(words: readonly string[]): string {
  return ['vmlet', ...words].map(quoteForShell).join(' ');
}
