import * as z from 'zod';
import { InvalidInputError } from '../../../errors/index.ts';
import {
  type LiveMachine,
  type MachineStopRung,
  type PortChangeOptions,
  describeEnd,
} from '../../../machines/index.ts';
import { changeFlags } from '../../../public/named-options.ts';
import { wordsOf } from '../../flags/option-flags.ts';
import { describeStop, runningOf } from '../../lifecycle/stop.ts';
import { PASST_RESTART } from '../../output/passt-restart.ts';
import { stateOf, timeStamp } from '../../state/snapshot.ts';
import { describeError } from '../answers/described-error.ts';
import { type Actions, type Asked, action, option, progressOf, timeout } from './action.ts';

const RUNGS: Readonly<Record<MachineStopRung, string>> = {
  guest: "asking the guest's agent to shut the guest down",
  'power-button': "pressing the machine's power button",
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

/** Every action of a machine, by its kind: its path below the machine. */
export const MACHINE_ACTIONS: Actions = {
  start: action(
    'Start a machine',
    started,
    (machine, { paused, discardSaved }) => [
      'start',
      ...option('--paused', paused),
      ...option('--discard-saved', discardSaved),
      machine,
    ],
    start,
  ),
  stop: action(
    'Stop a machine',
    stopped,
    (machine, { timeoutMs: limit }) => ['stop', ...timeout(limit), machine],
    async (asked) => stop(asked, false),
  ),
  kill: action(
    'Kill QEMU of a machine',
    nothing,
    (machine) => ['kill', machine],
    async ({ store, name: machine }) => ({
      description: describeEnd(await runningOf(store.get(machine)).kill()),
    }),
  ),
  restart: action(
    'Restart a machine',
    stopped,
    (machine, { timeoutMs: limit }) => ['restart', ...timeout(limit), machine],
    async (asked) => {
      const machine = asked.store.get(asked.name);
      const isRunning = machine.status().kind === 'running';
      if (isRunning) await machine.checkDirectories({ signal: asked.signal });
      const stopped = isRunning ? await stop(asked, true) : {};
      return { ...stopped, ...(await start({ ...asked, body: {} })) };
    },
  ),
  reset: onLive('reset', 'Reset a machine', async (live, signal) => live.reset({ signal })),
  pause: onLive('pause', 'Pause a machine', async (live, signal) => live.pause({ signal })),
  resume: onLive('resume', 'Resume a machine', async (live, signal) => live.resume({ signal })),
  keyboard: action(
    'Type text, then press keys such as ctrl-alt-delete, on a US keyboard, at the speed of the guest',
    z.strictObject({ text: z.string().optional(), keys: z.array(z.string()).default([]) }),
    (machine, { text, keys }) => [
      'sendkey',
      machine,
      ...keys,
      ...(text === undefined ? [] : ['--text', text]),
    ],
    async ({ store, name: machine, body: { text, keys }, signal }) => {
      await store.get(machine).live().type({ text, keys, signal });
      return {};
    },
  ),
  save: onLive('save', 'Save the memory of a machine, and stop it', async (live, signal) =>
    live.save({ signal }),
  ),
  clone: action(
    'Clone a machine',
    z.strictObject({ name, linked: flag }),
    (machine, { name: clone, linked }) => ['clone', ...option('--linked', linked), machine, clone],
    async ({ store, name: machine, body, signal }) => {
      await store.get(machine).clone(body.name, { linked: body.linked ?? false, signal });
      return { name: body.name };
    },
  ),
  rename: action(
    'Rename a machine',
    z.strictObject({ name }),
    (machine, { name: other }) => ['rename', machine, other],
    async ({ store, name: machine, body }) => ({ name: (await store.get(machine).rename(body.name)).name }),
  ),
  protect: action(
    'Protect a machine from removal, or stop protecting it',
    z.strictObject({ protected: z.boolean() }),
    (machine, body) => ['protect', ...option('--off', !body.protected), machine],
    async ({ store, name: machine, body }) => {
      await store.get(machine).set({ protect: body.protected });
      return {};
    },
  ),
  remove: action(
    'Remove a machine',
    // With the `id` of its spec, the machine must still be the same.
    z.strictObject({ id: z.string().optional(), storage: flag, volumes: flag, force: flag }),
    (machine, { storage, volumes, force }) => [
      'rm',
      ...option('--storage', storage),
      ...option('--volumes', volumes),
      ...option('--force', force),
      machine,
    ],
    async ({ store, name: machine, body: { id, storage = false, volumes = false, force = false } }) => {
      const { keptDisks, keptVolumes } = await store.remove(machine, { id, storage, volumes, force });
      const failed = keptVolumes?.find(({ error }) => error !== undefined);
      if (failed) throw failed.error;
      return { keptDisks, keptVolumes: keptVolumes?.map(({ name }) => name) };
    },
  ),
  set: action(
    'Change settings of a machine',
    z.looseObject({ labels: z.record(z.string(), z.string().nullable()).optional() }),
    (machine, { labels = {}, ...changes }) => {
      const [set, removed] = [true, false].map((isSet) =>
        Object.entries(labels).filter(([, value]) => (value !== null) === isSet),
      );
      return [
        ...['set', machine],
        ...wordsOf(changeFlags, { ...changes, labels: Object.fromEntries(set ?? []) }),
        ...(removed ?? []).flatMap(([key]) => ['--unlabel', key]),
      ];
    },
    async ({ store, name: machine, body: { labels, ...changes } }) => {
      // JSON has no undefined, which removes a label.
      const relabelled =
        labels && Object.fromEntries(Object.entries(labels).map(([key, value]) => [key, value ?? undefined]));
      const all = { ...changes, ...(relabelled && { labels: relabelled }) };
      return { ...(await store.get(machine).set(all)) };
    },
  ),
  'ports/add': action(
    'Publish ports, as vmlet port add does',
    z.strictObject({ ports: z.array(z.string()).min(1) }),
    (machine, { ports }) => ['port', 'add', machine, ...ports],
    async ({ store, name: machine, body, ...asked }) => ({
      ...(await store.get(machine).addPorts(body.ports, portChange(asked))),
    }),
  ),
  'ports/remove': action(
    'Remove published ports: all but the automatic one, or a list',
    z.strictObject({ ports: z.array(z.string()).min(1).optional(), all: flag }),
    (machine, { ports = [], all }) => ['port', 'rm', machine, ...option('--all', all), ...ports],
    async ({ store, name: machine, body: { ports, all }, ...asked }) => {
      if ((ports === undefined) === (all !== true))
        throw new InvalidInputError('ports', 'expected either a list of ports or "all": true');
      return { ...(await store.get(machine).removePorts(all ? undefined : ports, portChange(asked))) };
    },
  ),
  'snapshots/create': action(
    'Create a snapshot',
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
    'Restore a snapshot',
    snapshot,
    (machine, body) => ['snapshot', 'restore', ...option('--disks-only', body.disksOnly), machine, body.name],
    async ({ store, name: machine, body, signal }) => {
      const found = store.get(machine);
      await found.restoreSnapshot(body.name, { disksOnly: body.disksOnly, signal });
      return { state: await stateOf(found, signal) };
    },
  ),
  'snapshots/remove': action(
    'Remove snapshots',
    z.strictObject({ names: z.array(name).min(1) }),
    (machine, { names }) => ['snapshot', 'rm', machine, ...names],
    async ({ store, name: machine, body, signal }) => {
      await store.get(machine).removeSnapshots(body.names, { signal });
      return {};
    },
  ),
};

/** A verb of a running machine without options. */
function onLive(
  verb: string,
  summary: string,
  run: (live: LiveMachine, signal: AbortSignal) => Promise<unknown>,
) {
  return action(
    summary,
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
}: Asked<z.output<typeof started>>) {
  const live = await store.get(machine).start({
    paused,
    discardSaved,
    signal,
    onProgress: (news) => onProgress(progressOf(news)),
    onRenewIdentity: () => onProgress({ text: 'giving the clone its own machine id and ssh host keys' }),
  });
  const { identityProblem: problem } = live;
  return { ports: live.ports(), ...(problem && { identityProblem: describeError(problem) }) };
}

/** @param keep also a machine that is removed after its command. */
async function stop(
  { store, name: machine, body: { timeoutMs: limit }, signal, onProgress }: Asked<z.output<typeof stopped>>,
  keep: boolean,
) {
  const result = await runningOf(store.get(machine)).stop({
    signal,
    keep,
    ...(limit !== undefined && { timeoutMs: limit }),
    onRung: (rung, limitMs) =>
      onProgress({ text: `${RUNGS[rung]}, then waiting at most ${Math.ceil(limitMs / 1000)} s`, rung }),
  });
  return { rung: result.rung, description: describeStop(result) };
}

function portChange({
  signal,
  onProgress,
}: Pick<Asked<unknown>, 'signal' | 'onProgress'>): PortChangeOptions {
  return { signal, onPasstRestart: () => onProgress({ text: PASST_RESTART, passtRestarted: true }) };
}
