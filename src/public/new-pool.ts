/** The check of a pool before its first guest boots. */
export { checkNewPool } from '../template/pool/new-pool.ts';
