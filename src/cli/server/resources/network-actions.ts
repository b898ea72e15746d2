import * as z from 'zod';
import { type Action, action, timeout } from './action.ts';

const nothing = z.strictObject({});
const none = (): undefined => undefined;
const machine = z.string();
const timeoutMs = z.number().int().positive().optional();

/** The creation of a network. */
export const CREATE_NETWORK: Action = action(
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
);

/** Every action of a network, by its path below /v1/networks/NAME. */
export const NETWORK_ACTIONS: Readonly<Record<string, Action>> = {
  remove: action(
    nothing,
    (network) => ['network', 'rm', network],
    async ({ name, signal }) => {
      const { NetworkStore } = await import('../../../machines/index.ts');
      await new NetworkStore().remove(name, { signal });
      return {};
    },
    none,
  ),
  connect: action(
    z.strictObject({ machine, options: z.string().optional() }),
    (network, body) => ['network', 'connect', joined(network, body.options), body.machine],
    async ({ store, name, body, signal }) => {
      await store.get(body.machine).connectNetwork(joined(name, body.options), { signal });
      return {};
    },
    (body) => body.machine,
  ),
  disconnect: action(
    z.strictObject({ machine, timeoutMs }),
    (network, body) => ['network', 'disconnect', ...timeout(body.timeoutMs), network, body.machine],
    async ({ store, name, body, signal }) => {
      await store.get(body.machine).disconnectNetwork(name, { timeoutMs: body.timeoutMs, signal });
      return {};
    },
    (body) => body.machine,
  ),
  partition: action(
    z.strictObject({ groups: z.array(z.array(machine)) }),
    (network, { groups }) => ['network', 'partition', network, ...groups.map((group) => group.join(','))],
    async ({ name, body: { groups }, signal }) => {
      const { NetworkStore } = await import('../../../machines/index.ts');
      await new NetworkStore().partition(name, groups, { signal });
      return {};
    },
    none,
  ),
  heal: action(
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
