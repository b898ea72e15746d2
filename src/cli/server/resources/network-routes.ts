import { answerJson } from '../answers/http-answer.ts';
import type { Route } from '../routing/exchange.ts';

/** Private networks. */
export const NETWORK_ROUTES: readonly Route[] = [
  {
    method: 'GET',
    path: '/v1/networks',
    handle: async ({ response, signal }) => {
      const { NetworkStore } = await import('../../../machines/index.ts');
      const listed = await new NetworkStore().list({ signal });
      answerJson(response, {
        networks: listed.filter((one) => !('problem' in one)),
        broken: listed.filter((one) => 'problem' in one),
      });
    },
  },
  {
    method: 'GET',
    path: '/v1/networks/:name',
    handle: async ({ response, parts, signal }) => {
      const { NetworkStore } = await import('../../../machines/index.ts');
      answerJson(response, { network: await new NetworkStore().get(parts['name'] ?? '', { signal }) });
    },
  },
];
