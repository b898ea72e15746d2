/** Pools that other processes serve. */
export { listPools, openPool } from '../template/pool/named-pools.ts';
