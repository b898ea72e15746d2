import type { PrivateNetwork } from '../../../machines/index.ts';
import { type Route, jsonRoute } from '../routing/route.ts';

/** Private networks. */
export const NETWORK_ROUTES: readonly Route[] = [
  jsonRoute('GET /v1/networks', {
    summary: 'List private networks',
    statuses: [504],
    read: async ({ signal }) => {
      const { NetworkStore } = await import('../../../machines/index.ts');
      const listed = await new NetworkStore().list({ signal });
      return {
        networks: listed.filter((one): one is PrivateNetwork => !('problem' in one)),
        broken: listed.filter((one) => 'problem' in one),
      };
    },
  }),
  jsonRoute('GET /v1/networks/:name', {
    summary: 'Inspect a private network',
    statuses: [504],
    read: async ({ parts, signal }) => {
      const { NetworkStore } = await import('../../../machines/index.ts');
      return { network: await new NetworkStore().get(parts['name'] ?? '', { signal }) };
    },
  }),
];
