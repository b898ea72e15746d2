/** All in one chunk: together they compress better. */
export { ImagesPage } from './images-page.tsx';
