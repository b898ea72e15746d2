/** Pools that other processes serve. */
export { listPools, openPool, poolsOf, removePoolLog } from '../template/pool/named-pools.ts';
