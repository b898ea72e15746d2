import type { Finding } from '../../host/findings/finding.ts';
import { formatBytes } from '../../util/format-bytes.ts';

/** The memory of a pool. */
export interface PoolMemory {
  readonly name: string;
  /** Memory of each of its guests, in bytes. */
  readonly memoryBytes: number;
  /** Memory of the host that it uses now, in bytes. */
  readonly hostBytes: number;
}

/** Compares the memory that pools hold with what is left for other programs. */
export function poolsFinding(pools: readonly PoolMemory[], availableBytes: number): Finding {
  const item = 'pools';
  const left = `the host has ${formatBytes(availableBytes)} of memory available`;
  if (pools.length === 0) return { item, state: 'works', summary: `no pools are running; ${left}` };
  const held = formatBytes(pools.reduce((sum, { hostBytes }) => sum + hostBytes, 0));
  const each = pools.map(({ name, hostBytes }) => `${name}: ${formatBytes(hostBytes)}`).join(', ');
  const summary = `pools use ${held} of memory (${each}); ${left}`;
  const hungry = pools.find(({ memoryBytes }) => memoryBytes > availableBytes);
  if (!hungry) return { item, state: 'works', summary };
  return {
    item,
    state: 'degraded',
    summary: `${summary}, less than the ${formatBytes(hungry.memoryBytes)} that a guest of pool "${hungry.name}" may need`,
    remedy: 'remove pools that you do not need: vmlet pool rm NAME',
  };
}
