import { lazily } from '../parts/lazily.tsx';

export const Images = lazily(async () => (await import('./loaded-pages.ts')).ImagesPage);
