import { lazily } from '../parts/lazily.tsx';

export const Images = lazily(async () => (await import('./loaded-pages.ts')).ImagesPage);
export const Volumes = lazily(async () => (await import('./loaded-pages.ts')).VolumesPage);
export const Networks = lazily(async () => (await import('./loaded-pages.ts')).NetworksPage);
export const Host = lazily(async () => (await import('./loaded-pages.ts')).HostPage);
