import { withVerification } from '../../images/image-ls.ts';
import { templateRow } from '../../state/template-ls.ts';
import { type Route, jsonRoute } from '../routing/route.ts';

/** Images of this host and of the catalogue, and templates. */
export const IMAGE_ROUTES: readonly Route[] = [
  jsonRoute('GET /v1/images', {
    summary: 'List the images of this host',
    read: async () => {
      const { ImageStore } = await import('../../../index.ts');
      const store = new ImageStore();
      const { images, broken } = await store.list();
      const users = await store.users();
      return {
        images: images.map((image) => ({
          ...withVerification(image),
          usedBy: users.get(image.digest) ?? [],
        })),
        broken,
      };
    },
  }),
  jsonRoute('GET /v1/catalogue', {
    summary: 'List images that can be pulled by name',
    read: async () => {
      const { ImageStore } = await import('../../../index.ts');
      return { images: await new ImageStore().catalogue() };
    },
  }),
  jsonRoute('GET /v1/catalogue/:name', {
    summary: 'Ask the publisher of an image for the file that a pull would download',
    statuses: [504],
    read: async ({ parts, signal }) => {
      const { ImageStore } = await import('../../../index.ts');
      return { image: await new ImageStore().lookUp(parts['name'] ?? '', { signal }) };
    },
  }),
  jsonRoute('GET /v1/templates', {
    summary: 'List templates',
    read: async () => {
      const { listTemplates } = await import('../../../index.ts');
      return { templates: await Promise.all(listTemplates().map(templateRow)) };
    },
  }),
];
