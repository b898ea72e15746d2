import * as z from 'zod';
import { type Actions, action, timeout } from './action.ts';

const nothing = z.strictObject({});
const none = (): undefined => undefined;
const machine = z.string();
const timeoutMs = z.number().int().positive().optional();

/** Every action of private networks, by its kind. */
export const NETWORK_ACTIONS: Actions = {
  'networks/create': action(
    'Create a private network',
    z.strictObject({ name: z.string(), subnet: z.string().optional(), mtu: z.number().int().optional() }),
    (_none, { name, subnet, mtu }) => [
      ...['network', 'create', name],
      ...(subnet === undefined ? [] : ['--subnet', subnet]),
      ...(mtu === undefined ? [] : ['--mtu', String(mtu)]),
    ],
    async ({ body, signal }) => {
      const { NetworkStore } = await import('../../../machines/index.ts');
      return { network: await new NetworkStore().create(body, { signal }) };
    },
    none,
  ),
  'networks/remove': action(
    'Remove a private network',
    nothing,
    (network) => ['network', 'rm', network],
    async ({ name, signal }) => {
      const { NetworkStore } = await import('../../../machines/index.ts');
      await new NetworkStore().remove(name, { signal });
      return {};
    },
    none,
  ),
  'networks/connect': action(
    'Connect a machine to a private network; options are those after the colon of vmlet network connect',
    z.strictObject({ machine, options: z.string().optional() }),
    (network, body) => ['network', 'connect', joined(network, body.options), body.machine],
    async ({ store, name, body, signal }) => {
      await store.get(body.machine).connectNetwork(joined(name, body.options), { signal });
      return {};
    },
    (body) => body.machine,
  ),
  'networks/disconnect': action(
    'Disconnect a machine from a private network',
    z.strictObject({ machine, timeoutMs }),
    (network, body) => ['network', 'disconnect', ...timeout(body.timeoutMs), network, body.machine],
    async ({ store, name, body, signal }) => {
      await store.get(body.machine).disconnectNetwork(name, { timeoutMs: body.timeoutMs, signal });
      return {};
    },
    (body) => body.machine,
  ),
  'networks/partition': action(
    'Partition a private network into groups of machines',
    z.strictObject({ groups: z.array(z.array(machine)) }),
    (network, { groups }) => ['network', 'partition', network, ...groups.map((group) => group.join(','))],
    async ({ name, body: { groups }, signal }) => {
      const { NetworkStore } = await import('../../../machines/index.ts');
      await new NetworkStore().partition(name, groups, { signal });
      return {};
    },
    none,
  ),
  'networks/heal': action(
    'End all partitions of a private network',
    nothing,
    (network) => ['network', 'heal', network],
    async ({ name, signal }) => {
      const { NetworkStore } = await import('../../../machines/index.ts');
      await new NetworkStore().heal(name, { signal });
      return {};
    },
    none,
  ),
};

/** As in `vmlet create --network`: `lan:alias=db`. */
function joined(network: string, options: string | undefined): string {
  return options === undefined ? network : `${network}:${options}`;
}
