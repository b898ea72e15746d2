/** Stands for the parts of noVNC that are left out; see `vite.config.ts`. */
export default Object;
