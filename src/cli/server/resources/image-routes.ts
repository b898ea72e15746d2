import { withVerification } from '../../images/image-ls.ts';
import { templateRow } from '../../state/template-ls.ts';
import { answerJson } from '../answers/http-answer.ts';
import type { Route } from '../routing/exchange.ts';

/** Images of this host and of the catalogue, and templates. */
export const IMAGE_ROUTES: readonly Route[] = [
  {
    method: 'GET',
    path: '/v1/images',
    handle: async ({ response }) => {
      const { ImageStore } = await import('../../../index.ts');
      const store = new ImageStore();
      const { images, broken } = await store.list();
      const users = await store.users();
      answerJson(response, {
        images: images.map((image) => ({
          ...withVerification(image),
          usedBy: users.get(image.digest) ?? [],
        })),
        broken,
      });
    },
  },
  {
    method: 'GET',
    path: '/v1/catalogue',
    handle: async ({ response }) => {
      const { ImageStore } = await import('../../../index.ts');
      answerJson(response, { images: await new ImageStore().catalogue() });
    },
  },
  {
    method: 'GET',
    path: '/v1/catalogue/:name',
    handle: async ({ response, parts, signal }) => {
      const { ImageStore } = await import('../../../index.ts');
      answerJson(response, { image: await new ImageStore().lookUp(parts['name'] ?? '', { signal }) });
    },
  },
  {
    method: 'GET',
    path: '/v1/templates',
    handle: async ({ response }) => {
      const { listTemplates } = await import('../../../index.ts');
      answerJson(response, { templates: await Promise.all(listTemplates().map(templateRow)) });
    },
  },
];
