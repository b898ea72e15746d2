/** All in one chunk: together they compress better. */
export { HostPage } from './host-page.tsx';
export { ImagesPage } from './images-page.tsx';
export { NetworksPage } from './networks-page.tsx';
export { VolumesPage } from './volumes-page.tsx';
