/** Pools that other processes serve. */
export { listPools, openPool, poolsOf } from '../template/pool/named-pools.ts';
